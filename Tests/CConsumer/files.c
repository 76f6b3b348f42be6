/* Files that are cut short, changed, no files at all, or other when they are read than when they were opened: a status or an object that serves, and no
 * more memory than the file justifies. With STEIN_SOAK every byte takes all its 255 other values, else a few. R3, R17. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* The most memory that this process has in use at once, Swift's own objects included. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
static volatile int64_t living, most;

static void *counted(void *memory, int64_t before) {
  int64_t now = __sync_add_and_fetch(&living, (int64_t)malloc_usable_size(memory) - before), seen;
  while (now > (seen = most) && !__sync_bool_compare_and_swap(&most, seen, now)) continue;
  return memory;
}
void *malloc(size_t size) { return counted(__libc_malloc(size), 0); }
void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size), 0); }
void *realloc(void *memory, size_t size) {
  int64_t before = (int64_t)malloc_usable_size(memory);
  return counted(__libc_realloc(memory, size), before);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = counted(__libc_memalign(alignment, size), 0);
  return *memory ? 0 : 12;
}
void free(void *memory) {
  __sync_fetch_and_sub(&living, (int64_t)malloc_usable_size(memory));
  __libc_free(memory);
}

static stein_context *context;
static stein_dataset *dataset;
static stein_density *density;
static const char *path = "files.tmp";

/* The file becomes so short between its opening and its first reading; a mapping would end in a signal. */
static off_t cut_to = -1;
ssize_t read(int file, void *bytes, size_t count) {
  if (cut_to >= 0 && truncate(path, cut_to) == 0) cut_to = -1;
  return syscall(SYS_read, file, bytes, count);
}

/* ---- What is done with a file --------------------------------------------------------------------------------------------------- */

typedef enum { MODEL, CHECKPOINT, ARRAY, TABLE, CHAINS } kind;
static const char *const kinds[] = {"model", "checkpoint", "npy", "csv", "chains"};

/* No file makes a call endless: stopped, and wrong, after a minute of work, which a machine that does much else makes no longer. */
static int32_t long_enough(void *begun, const stein_monitor *monitor) { return (void)monitor, worked() - *(double *)begun > 60; }
static stein_monitor watched(double *begun) {
  stein_monitor monitor;
  memset(&monitor, 0, sizeof monitor);
  *begun = worked();
  monitor.struct_size = sizeof monitor, monitor.progress = long_enough, monitor.user = begun;
  return monitor;
}

/* What was read is described and used; its use may fail, but not as a defect of the library's. */
static int serves(stein_model *model, stein_trainer *trainer, stein_dataset *rows, stein_chains *chains) {
  static char text[1 << 16];
  uint64_t needed;
  stein_status status[4] = {0};
  double begun;
  stein_monitor monitor = watched(&begun);
  if (rows) status[0] = stein_dataset_describe(rows, text, sizeof text, &needed, &error);
  if (model) {
    double x[] = {1, 2, 3, 4}, out[4];
    int64_t shape[] = {2, 2};
    stein_tensor in = stein_float64(x, 2, shape), drawn = stein_float64(out, 2, shape);
    status[0] = stein_model_describe(model, text, sizeof text, &needed, &error);
    status[1] = stein_model_score(model, &in, NULL, 0, &drawn, &monitor, &error);
    status[2] = stein_sample(model, NULL, NULL, "steps=2", &drawn, &monitor, &error);
  }
  if (chains) {
    double drawn[4];
    int64_t shape[] = {2, 1, 2};
    stein_tensor draws = stein_float64(drawn, 3, shape);
    status[0] = stein_chains_describe(chains, text, sizeof text, &needed, &error);
    status[1] = stein_chains_run(chains, &draws, NULL, &monitor, &error);
  }
  if (trainer) status[3] = stein_trainer_run(trainer, 1, NULL, &monitor, &error);
  int good = status[0] == STEIN_OK;
  for (int i = 0; i < 4; i++) good &= status[i] != STEIN_INTERNAL && status[i] != STEIN_CANCELLED;
  if (!good) printf("%d %d %d %d: %s\n", status[0], status[1], status[2], status[3], error.message);
  return good;
}

static int64_t extra; /* memory in use at once by a read, over what there was before */

/* Reads a file as what it should be. 1: it serves; 0: it was refused as it should be; -1: neither. */
static int outcome(kind as, const char *file) {
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  stein_dataset *rows = NULL;
  stein_chains *chains = NULL;
  int64_t before = living;
  most = before;
  stein_status status = as == MODEL        ? stein_model_load(context, file, &model, &error)
                        : as == CHECKPOINT ? stein_trainer_resume(context, dataset, file, &model, &trainer, &error)
                        : as == CHAINS     ? stein_chains_resume(density, file, &chains, &error)
                                           : stein_dataset_open(context, file, as == ARRAY ? "format=npy" : "format=csv", &rows, &error);
  if (most - before > extra) extra = most - before;
  int result = status == STEIN_OK ? (serves(model, trainer, rows, chains) ? 1 : -1)
               : (status >= 200 && status < 300) || status == STEIN_BAD_VALUE || status == STEIN_NOT_FINITE ? 0 : -1;
  if (result < 0) printf("%s: %d %s\n", kinds[as], status, error.message);
  if (status && (model || trainer || rows || chains || !error.message[0])) result = -1;
  stein_chains_free(chains), stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(rows);
  return result;
}

/* ---- Every truncation and every changed byte --------------------------------------------------------------------------------------- */

static void keep(const char *what, const unsigned char *bytes, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "found-%s-%ld", what, (long)random());
  FILE *file = fopen(name, "wb");
  if (file) fwrite(bytes, 1, size, file), fclose(file);
  printf("kept as %s\n", name);
}

static void spoil(kind as, const char *what, int soak) {
  static unsigned char bytes[1 << 14], copy[1 << 14];
  int file = open(path, O_RDWR);
  ssize_t size = read(file, bytes, sizeof bytes);
  CHECK(size > 1000 && size < 8192);
  CHECK(outcome(as, path) == 1);
  int64_t counts[3] = {0}, living_before = living;
  extra = 0;
  for (ssize_t n = 0; n < size; n += stride()) {
    if (ftruncate(file, 0) || pwrite(file, bytes, (size_t)n, 0) != n) abort();
    int result = outcome(as, path);
    counts[result + 1]++;
    if (result < 0) keep(what, bytes, (size_t)n);
  }
  for (ssize_t n = 0; n < size; n += stride()) {
    if (pwrite(file, bytes, (size_t)size, 0) != size) abort();
    cut_to = n;
    int result = outcome(as, path);
    counts[result + 1]++;
    if (result != 0 || error.status != STEIN_IO) failed++, printf("%s, shorter while it was read: %d %s\n", what, error.status, error.message);
  }
  if (pwrite(file, bytes, (size_t)size, 0) != size) abort();
  const unsigned char few[] = {0x01, 0x80, 0x10};
  for (ssize_t i = 0; i < size; i += stride()) {
    for (int k = 0; k < (soak ? 255 : (int)sizeof few); k++) {
      unsigned char changed = (unsigned char)(bytes[i] ^ (soak ? k + 1 : few[k]));
      if (pwrite(file, &changed, 1, i) != 1) abort();
      int result = outcome(as, path);
      counts[result + 1]++;
      if (result < 0) memcpy(copy, bytes, (size_t)size), copy[i] = changed, keep(what, copy, (size_t)size);
    }
    if (pwrite(file, &bytes[i], 1, i) != 1) abort();
  }
  close(file);
  printf("%-30s %5ld bytes: %7ld refused, %6ld served, %ld wrong; at most %ld KiB more, %ld KiB kept\n", what, (long)size, (long)counts[1],
         (long)counts[2], (long)counts[0], (long)(extra >> 10), (long)((living - living_before) >> 10));
  CHECK(counts[0] == 0);
  CHECK(extra < 32 * 1024 + 16 * size);
  CHECK(living - living_before < 32 * 1024);
  unlink(path);
}

static stein_model *make_model(const char *options, const char *training) {
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  CHECK(stein_model_new(context, dataset, options, &model, &error) == STEIN_OK);
  CHECK(stein_trainer_new(model, dataset, training, &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 2, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_trainer_save(trainer, "files.checkpoint", &error) == STEIN_OK || strstr(options, "gaussian"));
  stein_trainer_free(trainer);
  return model;
}

/* E = |x - m|^2, a graph of the caller's that the file carries. */
static stein_model *make_own(void) {
  stein_graph *graph = NULL;
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  int32_t node, both[] = {0, 1}, last[] = {2};
  CHECK(stein_graph_new(context, &graph, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "x", NULL, 0, "columns=2", NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "parameter", NULL, 0, "name=m shape=2", NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "subtract", both, 2, NULL, NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "squared_norm", last, 1, NULL, NULL, &node, &error) == STEIN_OK);
  CHECK(stein_model_from_graph(graph, node, dataset, NULL, &model, &error) == STEIN_OK);
  CHECK(stein_trainer_new(model, dataset, "steps=2 objective=exact validation=0", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 0, NULL, NULL, &error) == STEIN_OK);
  stein_trainer_free(trainer), stein_graph_free(graph);
  return model;
}

/* N(0, 1) times N(0, 1e-12). */
static int32_t normal(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  (void)user;
  for (int64_t i = 0; i < n; i++, x += d, score += d) {
    log_density[i] = -0.5 * x[0] * x[0] - 0.5e12 * x[1] * x[1];
    score[0] = -x[0], score[1] = -1e12 * x[1];
  }
  return 0;
}

/* Chains in the middle of their warm-up, and after it. */
static void write_chains(const char *options) {
  stein_chains *chains = NULL;
  double drawn[8];
  int64_t shape[] = {2, 2, 2};
  stein_tensor draws = stein_float64(drawn, 3, shape);
  CHECK(stein_chains_new(density, options, NULL, &chains, &error) == STEIN_OK);
  CHECK(stein_chains_run(chains, &draws, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_chains_save(chains, path, &error) == STEIN_OK);
  stein_chains_free(chains);
}

static void write_file(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(name, "wb");
  CHECK(file && fwrite(bytes, 1, size, file) == size);
  if (file) fclose(file);
}

static void write_array(const char *name, int rows) {
  char header[128];
  memcpy(header, "\x93NUMPY\x01\0\x76\0", 10);
  int length = 10 + snprintf(header + 10, sizeof header - 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 3), }", rows);
  memset(header + length, ' ', sizeof header - (size_t)length);
  header[127] = '\n';
  FILE *file = fopen(name, "wb");
  if (!file) abort();
  fwrite(header, 1, sizeof header, file);
  for (int i = 0; i < 3 * rows; i++) {
    double value = (i * 7919) % 101 * 0.37;
    fwrite(&value, sizeof value, 1, file);
  }
  fclose(file);
}

static void write_table(const char *name) {
  FILE *file = fopen(name, "w");
  if (!file) abort();
  fprintf(file, "first,\"second, quoted\",third\n");
  for (int i = 0; i < 110; i++) fprintf(file, i % 2 ? "%d,%g,-1.5e-%d\n" : "%d,%g,\"2e+%d\"\n", i, (i * 7919) % 101 * 0.37, i % 7);
  fclose(file);
}

/* Files that were found, or thought of: their names begin with what they are to be read as. */
static void replay(const char *folder) {
  DIR *directory = opendir(folder);
  CHECK(directory != NULL);
  int counts[3] = {0};
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    for (kind as = MODEL; as <= CHAINS; as++) {
      size_t length = strlen(kinds[as]);
      if (strncmp(entry->d_name, kinds[as], length) || entry->d_name[length] != '-') continue;
      char name[600];
      struct stat status;
      snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
      CHECK(stat(name, &status) == 0);
      extra = 0;
      int result = outcome(as, name);
      counts[result + 1]++;
      if (result < 0 || extra > 64 * 1024 + 64 * status.st_size)
        failed++, printf("%s: %d, %lld bytes of memory; %s\n", entry->d_name, result, (long long)extra, error.message);
    }
  }
  if (directory) closedir(directory);
  printf("saved inputs: %d refused, %d served, %d wrong\n", counts[1], counts[2], counts[0]);
  CHECK(counts[1] > 30);
}

/* ---- What is no file, or changes ------------------------------------------------------------------------------------------------- */

static void refuse(const char *file, stein_status expected) {
  for (kind as = MODEL; as <= CHAINS; as++) {
    int64_t before = living;
    most = before;
    if (outcome(as, file) != 0 || error.status != expected) failed++, printf("%s as %s: %d %s\n", file, kinds[as], error.status, error.message);
    else passed++;
    CHECK(most - before < 1 << 20);
  }
}

static void odd_files(const stein_model *model) {
  mkdir("files.directory", 0700);
  mkfifo("files.pipe", 0600);
  struct sockaddr_un address = {AF_UNIX, "files.socket"};
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listening, (struct sockaddr *)&address, sizeof address) == 0);
  if (symlink("files.loop", "files.loop")) perror("symlink");
  write_file("files.empty", "", 0);
  int sparse = open("files.sparse", O_CREAT | O_WRONLY | O_TRUNC, 0600);
  int large = ftruncate(sparse, (off_t)1 << 40) == 0;
  close(sparse);
  const char *const no_files[] = {"files.directory", "files.pipe", "/dev/zero", "/dev/null", "/dev/full"};
  for (int i = 0; i < 5; i++) {
    refuse(no_files[i], STEIN_BAD_FILE);
    CHECK(stein_model_save(model, no_files[i], &error) == STEIN_BAD_FILE && error.parameter == 2);
  }
  refuse("files.socket", STEIN_IO); /* a socket can't be opened */
  refuse("files.loop", STEIN_IO);
  refuse("files.nothing", STEIN_NO_FILE);
  refuse("files.empty", STEIN_BAD_FILE);
  refuse("/proc/self/status", STEIN_BAD_FILE); /* a regular file of 0 bytes, by what the system says */
  if (large) refuse("files.sparse", STEIN_OUT_OF_MEMORY); /* over the limit: not read */
  else puts("skipped: no file of 1 TiB here");
  CHECK(stein_model_save(model, "files.nothing/x", &error) == STEIN_NO_FILE);
  CHECK(stein_model_save(model, "files.empty/x", &error) == STEIN_IO);
  char name[400];
  memset(name, 'n', sizeof name - 1), name[399] = 0;
  refuse(name, STEIN_IO);
  CHECK(stein_model_save(model, name, &error) == STEIN_IO);

  /* What nobody may read or write, as a user that is not root. */
  write_file("files.closed", "1,2\n", 4);
  chmod("files.closed", 0);
  mkdir("files.shut", 0500);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    failed = 0;
    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534))) _exit(77);
    refuse("files.closed", STEIN_IO);
    CHECK(strstr(error.message, "denied") != NULL);
    CHECK(stein_model_save(model, "files.shut/x", &error) == STEIN_IO);
    fflush(stdout);
    _exit(failed != 0);
  }
  int result = -1;
  waitpid(child, &result, 0);
  if (WEXITSTATUS(result) == 77) puts("skipped: root can't become another user here");
  else CHECK(result == 0);

  close(listening);
  const char *const made[] = {"files.pipe", "files.socket", "files.loop", "files.empty", "files.sparse", "files.closed"};
  for (int i = 0; i < 6; i++) unlink(made[i]);
  rmdir("files.directory"), rmdir("files.shut");
}

int main(void) {
  int soak = getenv("STEIN_SOAK") != NULL;
  CHECK(stein_context_new("threads=1 memory_limit=67108864", NULL, &context, &error) == STEIN_OK);
  double data[60];
  for (int i = 0; i < 60; i++) data[i] = (i * 7919) % 101 * 0.1 + 0.5;
  int64_t shape[] = {30, 2};
  stein_tensor rows = stein_float64(data, 2, shape);
  CHECK(stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error) == STEIN_OK);

  CHECK(stein_density_new(context, 2, normal, NULL, NULL, &density, &error) == STEIN_OK);
  const struct { const char *name, *model, *training; } models[] = {
      {"model: gaussian", "family=gaussian", NULL},
      {"model: mixture", "family=mixture components=2", "steps=2"},
      {"model: network", "widths=3 embedding=log residual=false", "steps=2 validation=0"},
      {"model: exponential", "family=exponential domain=box lower=0 upper=20", NULL},
  };
  for (int i = 0; i < 4; i++) {
    stein_model *model = make_model(models[i].model, models[i].training);
    CHECK(stein_model_save(model, path, &error) == STEIN_OK);
    spoil(MODEL, models[i].name, soak);
    if (i == 2 && rename("files.checkpoint", path) == 0) spoil(CHECKPOINT, "checkpoint: network", soak);
    if (i == 0) odd_files(model);
    stein_model_free(model);
  }
  stein_model *own = make_own();
  CHECK(stein_model_save(own, path, &error) == STEIN_OK);
  spoil(MODEL, "model: the caller's graph", soak);
  stein_model_free(own);
  write_chains("chains=2 warmup=20 kernel=nuts metric=dense");
  spoil(CHAINS, "chains: nuts", soak);
  write_chains("chains=2 kernel=underdamped");
  spoil(CHAINS, "chains: underdamped", soak);
  write_array(path, 60);
  spoil(ARRAY, "array", soak);
  write_table(path);
  spoil(TABLE, "table", soak);
  replay("../../Tests/Inputs");
  unlink("files.checkpoint");
  stein_density_free(density), stein_dataset_free(dataset), stein_context_free(context);
  return report("files");
}
