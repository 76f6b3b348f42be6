/* What R needs of C: two functions for .Call. R's matrices lie column by column, which strides say.   R CMD SHLIB fit_r.c */
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>
#include <stein.h>
#include <string.h>

static stein_error error = {sizeof error, 0, 0, 0, "", ""};

/* An error leaves its handles to the end of the process: a package would hold each in an external pointer with a finalizer. */
static void check(stein_status status) {
  if (status != STEIN_OK) Rf_error("%s", error.message);
}

/* fit_and_sample(rows [n, d], model options, trainer options, count, sampler options): [count, d] */
SEXP fit_and_sample(SEXP rows, SEXP model_options, SEXP trainer_options, SEXP count, SEXP options) {
  int n = Rf_nrows(rows), d = Rf_ncols(rows), m = Rf_asInteger(count);
  int64_t shape[] = {n, d}, strides[] = {1, n}, many[] = {m, d}, across[] = {1, m};
  SEXP drawn = PROTECT(Rf_allocMatrix(REALSXP, m, d));
  stein_tensor data = stein_float64(REAL(rows), 2, shape), out = stein_float64(REAL(drawn), 2, many);
  data.strides = strides, out.strides = across;
  stein_context *context;
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &data, NULL, NULL, &dataset, &error));
  check(stein_model_new(context, dataset, CHAR(STRING_ELT(model_options, 0)), &model, &error));
  check(stein_trainer_new(model, dataset, CHAR(STRING_ELT(trainer_options, 0)), &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  check(stein_sample(model, NULL, NULL, CHAR(STRING_ELT(options, 0)), &out, NULL, &error));
  stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  UNPROTECT(1);
  return drawn;
}

/* Calls f(x), x [d, n], for list(log_density, score [d, n]). An error of R's must not cross the library: it becomes a number. */
static int32_t ask(void *f, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  int failed = 0;
  SEXP points = PROTECT(Rf_allocMatrix(REALSXP, (int)d, (int)n));
  memcpy(REAL(points), x, sizeof *x * n * d);
  SEXP call = PROTECT(Rf_lang2(f, points)), answer = R_tryEval(call, R_GlobalEnv, &failed);
  if (!failed) {
    PROTECT(answer);
    memcpy(log_density, REAL(VECTOR_ELT(answer, 0)), sizeof *log_density * n);
    memcpy(score, REAL(VECTOR_ELT(answer, 1)), sizeof *score * n * d);
    UNPROTECT(1);
  }
  UNPROTECT(2);
  return failed;
}

/* run_chains(f, d, options, chains, draws): [d, draws, chains] */
SEXP run_chains(SEXP f, SEXP dimension, SEXP options, SEXP count, SEXP each) {
  int d = Rf_asInteger(dimension), m = Rf_asInteger(count), n = Rf_asInteger(each);
  int64_t shape[] = {m, n, d};
  SEXP draws = PROTECT(Rf_alloc3DArray(REALSXP, d, n, m));
  stein_tensor out = stein_float64(REAL(draws), 3, shape);
  stein_context *context;
  stein_density *density;
  stein_chains *chains;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_density_new(context, d, ask, f, NULL, &density, &error));
  check(stein_chains_new(density, CHAR(STRING_ELT(options, 0)), NULL, &chains, &error));
  check(stein_chains_run(chains, &out, NULL, NULL, &error));
  stein_chains_free(chains), stein_density_free(density), stein_context_free(context);
  UNPROTECT(1);
  return draws;
}
