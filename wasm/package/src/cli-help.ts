export const OVERVIEW = `Which MQTT clients are online, from connect, disconnect and tcpclean notices

Usage: mqtt-presence replay FILE…

Commands:
  replay  Says who is online after the events in files, and what is odd about them

Options:
  -h, --help     Print help
  -V, --version  Print version

The native mqtt-presence has the service and its other commands.
`;

export const HELP = `Says who is online after the events in files, and what is odd about them.

Reads one object, an array, NDJSON or JSON values one after another, with
text between them or not. A bad record is reported and the rest goes on.

Usage: mqtt-presence replay [OPTIONS] FILE…

Arguments:
  FILE…  Files to read, in this order; \`-\` is standard input

Options:
      --format-in <NAME>
                         Whose messages the files hold: aws, emqx, generic, mosquitto, vernemq, or events;
                         each file's beginning says it when absent
      --format <FORMAT>  How the answer is printed: table, json or ndjson [default: table]
      --after <N>        What a consumer believed after the first N records, rejected ones too
      --at <TIME>        What was so at this event time: RFC 3339, or milliseconds since 1970
      --strict           Exit with 1 when a record was rejected
  -h, --help             Print help

Rule:
      --closing <CLOSING>       Which events close a channel: any or tcpclean [default: any]
      --takeover                A newer connect supersedes the client's older live channels
      --flap-count <N>          So many transitions within the window are flapping [default: 5]
      --flap-window <DURATION>  The window, such as 60s or 5m [default: 60s]
      --late-after <DURATION>   An event further behind the newest before it is late [default: 60s]

Limits:
      --max-record <BYTES>  Largest record [default: 65536]
      --max-depth <N>       Deepest nesting; the record itself is depth 1 [default: 16]

Each of Rule and Limits also as an environment variable, such as MQTT_PRESENCE_CLOSING.

Exit codes:
  0  done
  1  a record was rejected and --strict was given
  2  bad usage, or a file that cannot be read
`;
