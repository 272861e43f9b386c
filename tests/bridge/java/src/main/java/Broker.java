import com.sun.net.httpserver.BasicAuthenticator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moquette.BrokerConstants;
import io.moquette.broker.ClientDescriptor;
import io.moquette.broker.Server;
import io.moquette.broker.config.MemoryConfig;
import io.moquette.interception.AbstractInterceptHandler;
import io.moquette.interception.messages.InterceptConnectMessage;
import io.moquette.interception.messages.InterceptConnectionLostMessage;
import io.moquette.interception.messages.InterceptDisconnectMessage;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttQoS;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Moquette on a port of loopback, which publishes who comes and goes as JSON, and prints it too. Its own list of who is
 * connected is on another port, for the user `bridge` with the password `list-secret`.
 */
public class Broker {
    private static final String TOPIC = "lifecycle/clients";

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.setProperty(BrokerConstants.HOST_PROPERTY_NAME, "127.0.0.1");
        properties.setProperty(BrokerConstants.PORT_PROPERTY_NAME, arguments[0]);
        properties.setProperty(BrokerConstants.DATA_PATH_PROPERTY_NAME, arguments[1]);
        properties.setProperty(BrokerConstants.ALLOW_ANONYMOUS_PROPERTY_NAME, "true");
        properties.setProperty(BrokerConstants.ENABLE_TELEMETRY_NAME, "false");
        Server server = new Server();
        Lifecycle lifecycle = new Lifecycle(server);
        server.startServer(new MemoryConfig(properties), List.of(lifecycle));
        serveList(Integer.parseInt(arguments[2]), server, lifecycle);
        System.out.println("started");
        while (System.in.read() >= 0) {
            // Only the end counts.
        }
        server.stopServer();
        System.exit(0);
    }

    private static void serveList(int port, Server server, Lifecycle lifecycle) throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        http.createContext("/clients", exchange -> answer(exchange, list(server, lifecycle)))
                .setAuthenticator(new BasicAuthenticator("list") {
                    @Override
                    public boolean checkCredentials(String user, String password) {
                        return user.equals("bridge") && password.equals("list-secret");
                    }
                });
        http.start();
    }

    /** Who is connected, as the broker says; the connection's name where it was told already. */
    private static String list(Server server, Lifecycle lifecycle) {
        StringJoiner clients = new StringJoiner(",", "{\"clients\":[", "]}");
        for (ClientDescriptor client : server.listConnectedClients()) {
            String channel = lifecycle.channel(client.getClientID());
            String named = channel == null ? "" : String.format("\"connection\":\"%s\",", channel);
            clients.add(String.format(
                    "{\"id\":\"%s\",%s\"address\":\"%s:%d\"}",
                    client.getClientID(), named, client.getAddress(), client.getPort()));
        }
        System.out.println("listed");
        return clients.toString();
    }

    /** With `?late=MILLISECONDS` so much later: by then the list is old. */
    private static void answer(HttpExchange exchange, String json) throws IOException {
        String query = exchange.getRequestURI().getQuery();
        if (query != null && query.startsWith("late=")) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(Long.parseLong(query.substring(5))));
        }
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    /** The broker names no connection, so they are counted: what ends is a client's oldest. */
    private static class Lifecycle extends AbstractInterceptHandler {
        private final Server server;
        private final Map<String, Deque<String>> open = new HashMap<>();
        private long connections;

        Lifecycle(Server server) {
            this.server = server;
        }

        @Override
        public String getID() {
            return "lifecycle";
        }

        @Override
        public void onSessionLoopError(Throwable error) {
            System.out.println("error " + error);
        }

        @Override
        public void onConnect(InterceptConnectMessage message) {
            tell(message.getClientID(), "CONNECTED");
        }

        @Override
        public void onDisconnect(InterceptDisconnectMessage message) {
            tell(message.getClientID(), "DISCONNECTED");
        }

        @Override
        public void onConnectionLost(InterceptConnectionLostMessage message) {
            tell(message.getClientID(), "LOST");
        }

        synchronized String channel(String client) {
            Deque<String> channels = open.get(client);
            return channels == null ? null : channels.peekLast();
        }

        private synchronized void tell(String client, String change) {
            Deque<String> channels = open.computeIfAbsent(client, unused -> new ArrayDeque<>());
            if (change.equals("CONNECTED")) {
                channels.add(client + "#" + ++connections);
            }
            // A goodbye is followed by the end of its connection, a takeover by that of the older one.
            String channel =
                    switch (change) {
                        case "CONNECTED" -> channels.peekLast();
                        case "DISCONNECTED" -> channels.peekFirst();
                        default -> channels.pollFirst();
                    };
            String json = String.format(
                    "{\"what\":\"%s\",\"id\":\"%s\",\"connection\":\"%s\",\"at\":%d}",
                    change, client, channel, System.currentTimeMillis());
            System.out.println(json);
            server.internalPublish(
                    MqttMessageBuilders.publish()
                            .topicName(TOPIC)
                            .retained(false)
                            .qos(MqttQoS.AT_LEAST_ONCE)
                            .payload(Unpooled.copiedBuffer(json, StandardCharsets.UTF_8))
                            .build(),
                    "lifecycle");
        }
    }
}
