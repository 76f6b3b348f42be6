// The steps of fit.c in Java, by JNA.   java -cp /usr/share/java/jna.jar Fit.java OUT
import com.sun.jna.*;
import com.sun.jna.ptr.PointerByReference;
import java.nio.*;
import java.nio.file.*;

public class Fit {
  @Structure.FieldOrder({"structSize", "status", "parameter", "callbackCode", "option", "message"})
  public static class Failure extends Structure {
    public int structSize = 512, status, parameter, callbackCode;
    public byte[] option = new byte[64], message = new byte[432];
  }

  @Structure.FieldOrder({"data", "deviceType", "deviceId", "ndim", "code", "bits", "lanes", "shape", "strides", "byteOffset"})
  public static class Tensor extends Structure {
    public Pointer data, shape, strides;
    public int deviceType = 1, deviceId, ndim;
    public byte code = 2, bits;
    public short lanes = 1;
    public long byteOffset;
    private final Memory lengths;

    Tensor(Pointer data, int bits, long... shape) {
      this.data = data;
      this.bits = (byte) bits;
      ndim = shape.length;
      this.shape = lengths = new Memory(8L * shape.length);
      lengths.write(0, shape, 0, shape.length);
    }
  }

  public interface DensityFunction extends Callback {
    int call(Pointer user, long n, long d, Pointer x, Pointer logDensity, Pointer score);
  }

  public interface Stein extends Library {
    int stein_context_new(String options, Pointer allocator, PointerByReference context, Failure error);
    int stein_dataset_new(Pointer context, Tensor rows, Tensor labels, String options, PointerByReference dataset, Failure error);
    int stein_model_new(Pointer context, Pointer dataset, String options, PointerByReference model, Failure error);
    int stein_trainer_new(Pointer model, Pointer dataset, String options, PointerByReference trainer, Failure error);
    int stein_trainer_run(Pointer trainer, long steps, Pointer finished, Pointer monitor, Failure error);
    int stein_sample(Pointer model, Tensor start, Tensor labels, String options, Tensor out, Pointer monitor, Failure error);
    int stein_density_new(Pointer context, long d, DensityFunction function, Pointer user, Pointer release, PointerByReference density, Failure error);
    int stein_chains_new(Pointer density, String options, Tensor start, PointerByReference chains, Failure error);
    int stein_chains_run(Pointer chains, Tensor draws, Tensor statistics, Pointer monitor, Failure error);
    int stein_chains_free(Pointer chains);
    int stein_density_free(Pointer density);
    int stein_trainer_free(Pointer trainer);
    int stein_model_free(Pointer model);
    int stein_dataset_free(Pointer dataset);
    int stein_context_free(Pointer context);
  }

  static final Failure error = new Failure();
  static int calls = 0;

  static void check(int status) {
    if (status != 0) throw new IllegalStateException(Native.toString(error.message, "UTF-8"));
  }

  public static void main(String[] arguments) throws Exception {
    String library = System.getenv("STEIN_LIBRARY");
    Stein stein = Native.load(library != null ? library : "stein", Stein.class);
    Memory rows = new Memory(200 * 2 * 8), drawn = new Memory(100 * 2 * 4), draws = new Memory(2 * 100 * 2 * 8);
    for (int i = 0; i < 200; i++) {
      double a = i * 37 % 101 / 50.0 - 1, b = i * 53 % 89 / 44.0 - 1;
      rows.write(16L * i, new double[] {a, a * a + b / 4}, 0, 2);
    }
    PointerByReference context = new PointerByReference(), dataset = new PointerByReference(), model = new PointerByReference();
    PointerByReference trainer = new PointerByReference(), density = new PointerByReference(), chains = new PointerByReference();
    check(stein.stein_context_new(null, null, context, error));
    check(stein.stein_dataset_new(context.getValue(), new Tensor(rows, 64, 200, 2), null, null, dataset, error));
    check(stein.stein_model_new(context.getValue(), dataset.getValue(), "widths=32,32", model, error));
    check(stein.stein_trainer_new(model.getValue(), dataset.getValue(), "steps=400 seed=1", trainer, error));
    check(stein.stein_trainer_run(trainer.getValue(), 0, null, null, error));
    check(stein.stein_sample(model.getValue(), null, null, "seed=7", new Tensor(drawn, 32, 100, 2), null, error));

    // Held in a variable while the density lives: the collector does not know that C has it.
    DensityFunction function = (user, n, d, x, logDensity, score) -> {
      try {
        for (int i = 0; i < n; i++) {
          double[] p = x.getDoubleArray(8 * d * i, 2);
          double off = p[1] - p[0] * p[0];
          logDensity.setDouble(8L * i, -0.5 * p[0] * p[0] - 2 * off * off);
          score.write(8 * d * i, new double[] {-p[0] + 8 * p[0] * off, -4 * off}, 0, 2);
        }
        calls++;
        return 0;
      } catch (RuntimeException e) {
        return 1; // what is thrown must not cross C
      }
    };
    check(stein.stein_density_new(context.getValue(), 2, function, null, null, density, error));
    check(stein.stein_chains_new(density.getValue(), "chains=2 warmup=200 seed=3", null, chains, error));
    check(stein.stein_chains_run(chains.getValue(), new Tensor(draws, 64, 2, 100, 2), null, null, error));

    ByteBuffer bytes = ByteBuffer.allocate((int) (drawn.size() + draws.size()));
    bytes.put(drawn.getByteBuffer(0, drawn.size())).put(draws.getByteBuffer(0, draws.size()));
    Files.write(Path.of(arguments[0]), bytes.array());
    System.out.printf("Java: 100 rows, first %.4f %.4f; %d calls of the density%n", drawn.getFloat(0), drawn.getFloat(4), calls);
    stein.stein_chains_free(chains.getValue());
    stein.stein_density_free(density.getValue());
    stein.stein_trainer_free(trainer.getValue());
    stein.stein_model_free(model.getValue());
    stein.stein_dataset_free(dataset.getValue());
    stein.stein_context_free(context.getValue());
  }
}
