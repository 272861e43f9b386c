import com.alibaba.fastjson.JSON;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts how fast the listener works without a broker: on one thread, bodies that lie in memory.
 * Arguments: file of one notice a line, number of lines that are not timed. Prints one line.
 */
public final class NoticeReplay {
  private static final int AT_ONCE = 10_000;

  public static void main(String[] args) throws Exception {
    long untimed = Long.parseLong(args[1]);
    NoticeListener listener = new NoticeListener();
    long taken = 0;
    long nanoseconds = 0;
    try (BufferedReader file = Files.newBufferedReader(Path.of(args[0]))) {
      List<byte[]> bodies = new ArrayList<>(AT_ONCE);
      String line;
      do {
        line = file.readLine();
        if (line != null) {
          bodies.add(line.getBytes(StandardCharsets.UTF_8));
        }
        if (bodies.size() == AT_ONCE || line == null) {
          long began = System.nanoTime();
          for (byte[] body : bodies) {
            listener.take(JSON.parseObject(new String(body, StandardCharsets.UTF_8)));
          }
          if (taken >= untimed) {
            nanoseconds += System.nanoTime() - began;
          }
          taken += bodies.size();
          bodies.clear();
        }
      } while (line != null);
    }
    System.out.printf("events=%d seconds=%.3f%n", taken - untimed, nanoseconds / 1e9);
  }
}
