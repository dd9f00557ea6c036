import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringTokenizer;
import java.util.TreeSet;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.Term;
import org.apache.lucene.monitor.MatchingQueries;
import org.apache.lucene.monitor.Monitor;
import org.apache.lucene.monitor.MonitorQuery;
import org.apache.lucene.monitor.MultipassTermFilteredPresearcher;
import org.apache.lucene.monitor.Presearcher;
import org.apache.lucene.monitor.QueryMatch;
import org.apache.lucene.monitor.TermFilteredPresearcher;
import org.apache.lucene.queries.intervals.IntervalQuery;
import org.apache.lucene.queries.intervals.Intervals;
import org.apache.lucene.queries.intervals.IntervalsSource;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * Rules and texts through Lucene Monitor, as `bench.lucene_peer` writes them, one a line:
 *
 *   R (near 4 (or war wars) (or talks))      a rule; its number is its place
 *   T we are at war                          a text, read already
 *
 * Prints, for each presearcher: its name, microseconds a text by processor time of the thread that matches (those of
 * the compiler and the collector are not counted), and seconds to register the rules; then a line for each text with the
 * numbers of the rules that hold.
 */
public final class MonitorBench {
  private static final String FIELD = "body";
  private static final int WARM_UP_PASSES = 12;
  private static final int REGISTERED_AT_ONCE = 1_000;

  public static void main(String[] arguments) throws IOException {
    List<Query> rules = new ArrayList<>();
    List<Document> texts = new ArrayList<>();
    int rounds = Integer.parseInt(arguments[1]);
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      if (line.startsWith("R ")) {
        rules.add(query(node(new StringTokenizer(line.substring(2), "() ", true))));
      } else {
        Document text = new Document();
        text.add(new TextField(FIELD, line.substring(2), Field.Store.NO));
        texts.add(text);
      }
    }
    Map<String, Presearcher> presearchers = new LinkedHashMap<>();
    presearchers.put("one term", new TermFilteredPresearcher());
    presearchers.put("four terms", new MultipassTermFilteredPresearcher(4));
    List<TreeSet<Integer>> hits = null;
    for (Map.Entry<String, Presearcher> presearcher : presearchers.entrySet()) {
      hits = measured(presearcher.getKey(), presearcher.getValue(), rules, texts, rounds);
    }
    for (TreeSet<Integer> of : hits) {
      System.out.println("hits " + of.toString().replaceAll("[\\[\\],]", ""));
    }
  }

  private static List<TreeSet<Integer>> measured(
      String name, Presearcher presearcher, List<Query> rules, List<Document> texts, int rounds) throws IOException {
    Analyzer analyzer = new WhitespaceAnalyzer();
    long start = processorTime();
    try (Monitor monitor = new Monitor(analyzer, presearcher)) {
      for (int from = 0; from < rules.size(); from += REGISTERED_AT_ONCE) {
        List<MonitorQuery> some = new ArrayList<>();
        for (int number = from; number < Math.min(rules.size(), from + REGISTERED_AT_ONCE); number++) {
          some.add(new MonitorQuery(Integer.toString(number), rules.get(number)));
        }
        monitor.register(some);
      }
      double seconds = (processorTime() - start) / 1e9;
      Document[] batch = texts.toArray(new Document[0]);
      double one = Double.MAX_VALUE;
      double all = Double.MAX_VALUE;
      for (int pass = 0; pass < WARM_UP_PASSES + rounds; pass++) {
        start = processorTime();
        for (Document text : batch) {
          monitor.match(text, QueryMatch.SIMPLE_MATCHER);
        }
        one = Math.min(one, processorTime() - start);
        start = processorTime();
        monitor.match(batch, QueryMatch.SIMPLE_MATCHER);
        all = Math.min(all, processorTime() - start);
      }
      System.out.printf(Locale.ROOT, "time %s, one text a call\t%f\t%f%n", name, one / 1e3 / batch.length, seconds);
      System.out.printf(Locale.ROOT, "time %s, all in one call\t%f\t%f%n", name, all / 1e3 / batch.length, seconds);
      List<TreeSet<Integer>> hits = new ArrayList<>();
      for (Document text : batch) {
        TreeSet<Integer> of = new TreeSet<>();
        MatchingQueries<QueryMatch> found = monitor.match(text, QueryMatch.SIMPLE_MATCHER);
        if (!found.getErrors().isEmpty()) {
          throw new IllegalStateException(found.getErrors().toString());
        }
        for (QueryMatch match : found.getMatches()) {
          of.add(Integer.valueOf(match.getQueryId()));
        }
        hits.add(of);
      }
      return hits;
    }
  }

  private static long processorTime() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /** A word, or an operator with its operands. */
  private record Node(String name, List<Node> operands) {
    boolean isWord() {
      return operands == null;
    }
  }

  private static Node node(StringTokenizer tokens) {
    String token = next(tokens);
    if (!token.equals("(")) {
      return new Node(token, null);
    }
    String name = next(tokens);
    List<Node> operands = new ArrayList<>();
    for (Node operand = node(tokens); !operand.name.equals(")"); operand = node(tokens)) {
      operands.add(operand);
    }
    return new Node(name, operands);
  }

  private static String next(StringTokenizer tokens) {
    String token = tokens.nextToken();
    return token.equals(" ") ? next(tokens) : token;
  }

  private static Query query(Node node) {
    if (node.isWord()) {
      return new TermQuery(new Term(FIELD, node.name));
    }
    switch (node.name) {
      case "phrase":
        return new PhraseQuery(FIELD, node.operands.stream().map(Node::name).toArray(String[]::new));
      case "near":
        int distance = Integer.parseInt(node.operands.get(0).name);
        IntervalsSource[] sides = {intervals(node.operands.get(1)), intervals(node.operands.get(2))};
        return new IntervalQuery(FIELD, Intervals.maxgaps(distance, Intervals.unorderedNoOverlaps(sides[0], sides[1])));
      default:
        BooleanQuery.Builder builder = new BooleanQuery.Builder();
        for (Node operand : node.operands) {
          if (operand.name.equals("not")) {
            builder.add(query(operand.operands.get(0)), Occur.MUST_NOT);
          } else {
            builder.add(query(operand), node.name.equals("and") ? Occur.MUST : Occur.SHOULD);
          }
        }
        return builder.build();
    }
  }

  private static IntervalsSource intervals(Node node) {
    if (node.isWord()) {
      return Intervals.term(node.name);
    }
    return Intervals.or(node.operands.stream().map(MonitorBench::intervals).toArray(IntervalsSource[]::new));
  }
}
