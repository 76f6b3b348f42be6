# The steps of fit.c in R, by the few lines of fit_r.c.
#   PKG_CFLAGS=-I/usr/local/include PKG_LIBS="-L/usr/local/lib -lstein" R CMD SHLIB fit_r.c && Rscript fit.R OUT
arguments <- commandArgs(TRUE)
dyn.load(if (length(arguments) > 1) arguments[2] else "fit_r.so")

i <- 0:199
a <- (i * 37) %% 101 / 50 - 1
b <- (i * 53) %% 89 / 44 - 1
drawn <- .Call("fit_and_sample", cbind(a, a * a + b / 4), "widths=32,32", "steps=400 seed=1", 100L, "seed=7")

calls <- 0
density_of <- function(x) {  # [2, n]: a point a column
  off <- x[2, ] - x[1, ] * x[1, ]
  calls <<- calls + 1
  list(-0.5 * x[1, ] * x[1, ] - 2 * off * off, rbind(-x[1, ] + 8 * x[1, ] * off, -4 * off))
}
draws <- .Call("run_chains", density_of, 2L, "chains=2 warmup=200 seed=3", 2L, 100L)

out <- file(arguments[1], "wb")
writeBin(as.vector(t(drawn)), out, size = 4)
writeBin(as.vector(draws), out)
close(out)
cat(sprintf("R: 100 rows, first %.4f %.4f; %d calls of the density\n", drawn[1, 1], drawn[1, 2], calls))
