//! A service process, and a client that shows status and body alike.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use xtask::child::Running;

pub const BINARY: &str = env!("CARGO_BIN_EXE_mqtt-presence");
/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Service {
    child: Running,
    pub url: String,
    log: Arc<Mutex<String>>,
    agent: Agent,
    pub token: Option<String>,
}

/// The command without what the developer's environment may hold.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("MQTT_PRESENCE_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command to its end.
pub fn run(args: &[&str]) -> (i32, String, String) {
    finished(command(args).output().unwrap())
}

pub fn finished(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

impl Service {
    pub fn memory(more: &[&str]) -> Service {
        Service::start(&[&["--store", "memory"], more].concat())
    }

    pub fn sqlite(file: &Path, more: &[&str]) -> Service {
        Service::start(&[&["--path", file.to_str().unwrap()], more].concat())
    }

    pub fn start(args: &[&str]) -> Service {
        Service::fed(args, Stdio::null())
    }

    /// With this as its standard input.
    pub fn fed(args: &[&str], input: impl Into<Stdio>) -> Service {
        let bind: &[&str] = if args.contains(&"--bind") {
            &[]
        } else {
            &["--bind", "127.0.0.1:0"]
        };
        let mut child = command(&[&["serve", "--log-format", "json"], bind, args].concat())
            .stdin(input)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, receiver) = std::sync::mpsc::channel();
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let value: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = value["address"].as_str() {
                    let _ = sender.send(address.to_owned());
                }
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let child = Running::over(child).unwrap();
        let address = receiver
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("the service did not start: {}", log.lock().unwrap()));
        Service {
            child,
            url: format!("http://{}", address.replace("0.0.0.0", "127.0.0.1")),
            log,
            agent: agent(TlsConfig::default()),
            token: None,
        }
    }

    /// From now on over TLS, on connections of their own.
    pub fn trust(&mut self, ca: &Path) {
        let ca = Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
        let roots = RootCerts::new_with_certs(&[ca]);
        self.agent = agent(TlsConfig::builder().root_certs(roots).build());
        self.url = format!("https://{}", self.address());
    }

    pub fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::of(request.call().unwrap())
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        Answer::of(request.call().unwrap())
    }

    pub fn post(&self, path: &str, media_type: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if !media_type.is_empty() {
            request = request.content_type(media_type);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::of(request.send(body.as_ref()).unwrap())
    }

    /// Sends events that must all be taken.
    pub fn tell(&self, events: &[Value]) {
        let answer = self.post("/v1/events", "application/json", json!(events).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json["accepted"], events.len());
    }

    /// Bytes as they are, and what comes back until the end of the connection.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    pub fn signal(&self, name: &str) {
        self.child.signal("the service", name).unwrap();
    }

    /// SIGKILL, now.
    pub fn kill(self) {}

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.ended() {
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the service did not end: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn agent(tls: TlsConfig) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .tls_config(tls)
        .build()
        .into()
}

pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Answer {
        let text = response.body_mut().read_to_string().unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
            json,
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// It is a problem document with this status and code.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str, part: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        assert_eq!(self.json["status"], status);
        assert_eq!(
            self.json["type"],
            format!("urn:mqtt-presence:problem:{code}")
        );
        assert!(self.json["title"].is_string());
        let detail = self.json["detail"].as_str().unwrap();
        assert!(detail.contains(part), "`{detail}` lacks `{part}`");
    }
}

/// Server-sent events, read as they come.
pub struct Stream {
    lines: BufReader<TcpStream>,
    pub head: String,
}

impl Stream {
    pub fn open(service: &Service, path: &str, headers: &str) -> Stream {
        Stream::at(service.address(), path, headers)
    }

    pub fn at(host: &str, path: &str, headers: &str) -> Stream {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n"
        )
        .unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        Stream { lines, head }
    }

    /// The next event that has data: name, id, data. `None` at the end.
    pub fn next(&mut self) -> Option<(String, u64, Value)> {
        let (mut name, mut id, mut data) = (String::new(), 0, None);
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "only keep-alives come");
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(':') {
                Some(("event", value)) => name = value.trim().to_owned(),
                Some(("id", value)) => id = value.trim().parse().unwrap(),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                Some(_) => {}
                None => {
                    if let Some(data) = data.take() {
                        return Some((name, id, data));
                    }
                }
            }
        }
    }

    /// Ids of the next transitions.
    pub fn ids(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.next().unwrap().1).collect()
    }

    /// Waits until the first place was told: from here on nothing is missed.
    pub fn placed(&mut self) -> u64 {
        let mut line = String::new();
        let began = Instant::now();
        while !line.starts_with("id:") {
            assert!(began.elapsed() < PATIENCE, "only keep-alives come");
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0);
        }
        line["id:".len()..].trim().parse().unwrap()
    }
}

pub fn event(client: &str, channel: &str, kind: &str, time: u64) -> Value {
    json!({"clientId": client, "channelId": channel, "eventType": kind, "time": time, "clientIp": "10.0.0.1:1"})
}

/// Clients that go online, one after another.
pub fn connects(range: std::ops::Range<u64>) -> Vec<Value> {
    range
        .map(|n| {
            event(
                &format!("GID_x@@@dev{n:03}"),
                &format!("ch{n}"),
                "connect",
                1_000 + n,
            )
        })
        .collect()
}

/// Runs a test on each store.
pub fn on_each_store(test: impl Fn(&Service)) {
    let folder = tempfile::tempdir().unwrap();
    test(&Service::memory(&[]));
    test(&Service::sqlite(&folder.path().join("p.db"), &[]));
}

/// Tries until it holds.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
