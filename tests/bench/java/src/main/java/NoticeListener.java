import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONObject;
import com.aliyun.openservices.ons.api.Action;
import com.aliyun.openservices.ons.api.Consumer;
import com.aliyun.openservices.ons.api.ONSFactory;
import com.aliyun.openservices.ons.api.PropertyKeyConst;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts how fast the documented listener takes notices from a topic: parse the body, keep for
 * each client and channel which kinds were seen, forget a channel once both were. In memory only.
 * Arguments: NameServer, topic, group, number of events to wait for. Prints one line.
 */
public final class NoticeListener {
  private enum Kind { CONNECT, TCPCLEAN }

  private final ConcurrentHashMap<String, ConcurrentHashMap<String, EnumSet<Kind>>> clients =
      new ConcurrentHashMap<>();

  void take(JSONObject notice) {
    Kind kind = "connect".equals(notice.getString("eventType")) ? Kind.CONNECT : Kind.TCPCLEAN;
    String channel = notice.getString("channelId");
    clients.compute(notice.getString("clientId"), (id, channels) -> {
      ConcurrentHashMap<String, EnumSet<Kind>> kept =
          channels == null ? new ConcurrentHashMap<>() : channels;
      EnumSet<Kind> seen = kept.computeIfAbsent(channel, c -> EnumSet.noneOf(Kind.class));
      seen.add(kind);
      if (seen.size() == 2) {
        kept.remove(channel);
      }
      return kept;
    });
  }

  public static void main(String[] args) throws Exception {
    NoticeListener listener = new NoticeListener();
    long wanted = Long.parseLong(args[3]);
    AtomicLong taken = new AtomicLong();
    AtomicLong began = new AtomicLong();
    CountDownLatch all = new CountDownLatch(1);

    Properties properties = new Properties();
    properties.setProperty(PropertyKeyConst.NAMESRV_ADDR, args[0]);
    properties.setProperty(PropertyKeyConst.GROUP_ID, args[2]);
    properties.setProperty(PropertyKeyConst.AccessKey, "bench");
    properties.setProperty(PropertyKeyConst.SecretKey, "bench");
    properties.setProperty(PropertyKeyConst.ConsumeThreadNums, "20");
    Consumer consumer = ONSFactory.createConsumer(properties);
    consumer.subscribe(args[1], "connect||disconnect||tcpclean", (message, context) -> {
      began.compareAndSet(0, System.nanoTime());
      listener.take(JSON.parseObject(new String(message.getBody(), StandardCharsets.UTF_8)));
      if (taken.incrementAndGet() == wanted) {
        all.countDown();
      }
      return Action.CommitMessage;
    });
    consumer.start();
    boolean complete = all.await(300, TimeUnit.SECONDS);
    double seconds = (System.nanoTime() - began.get()) / 1e9;
    System.out.printf("events=%d seconds=%.3f complete=%b%n", taken.get(), seconds, complete);
    Runtime.getRuntime().halt(complete ? 0 : 1);
  }
}
