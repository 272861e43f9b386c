import java.nio.charset.StandardCharsets;
import org.eclipse.paho.client.mqttv3.MqttClient;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;

/** Connects as CLIENT_ID, and says goodbye once its standard input ends. */
public class Device {
    public static void main(String[] arguments) throws Exception {
        String broker = arguments[0];
        String id = arguments[1];
        MqttConnectOptions options = new MqttConnectOptions();
        options.setKeepAliveInterval(Integer.parseInt(arguments[2]));
        options.setWill("wills/" + id, "gone".getBytes(StandardCharsets.UTF_8), 1, false);
        MqttClient client = new MqttClient(broker, id, new MemoryPersistence());
        client.connect(options);
        client.publish("devices/" + id, "here".getBytes(StandardCharsets.UTF_8), 1, false);
        while (System.in.read() >= 0) {
            // Only the end counts.
        }
        client.disconnect();
        client.close();
    }
}
