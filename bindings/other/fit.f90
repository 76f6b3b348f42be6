! The steps of fit.c in Fortran. Arrays lie column by column: a row of the library is a column here, or strides say how they lie.
!   gfortran stein.f90 fit.f90 -L/usr/local/lib -lstein -o fit && ./fit OUT
module own
  use stein
  implicit none
  integer :: calls = 0

contains

  integer(c_int32_t) function density_of(user, n, d, x, log_density, score) bind(c)
    type(c_ptr), value :: user
    integer(c_int64_t), value :: n, d
    real(c_double) :: x(d, n), log_density(n), score(d, n)
    real(c_double) :: off
    integer :: i
    do i = 1, int(n)
      off = x(2, i) - x(1, i) * x(1, i)
      log_density(i) = -0.5d0 * x(1, i) * x(1, i) - 2 * off * off
      score(1, i) = -x(1, i) + 8 * x(1, i) * off
      score(2, i) = -4 * off
    end do
    calls = calls + 1
    density_of = 0
  end function
end module

program fit
  use stein
  use own
  implicit none
  ! The data as a table of Fortran's: row i is rows(i, :), so strides say 1 and 200. What is drawn comes a row a column.
  real(c_double), target :: rows(200, 2), draws(2, 100, 2)
  real(c_float), target :: drawn(2, 100)
  integer(c_int64_t), target :: shape(2) = [200, 2], strides(2) = [1, 200], many(2) = [100, 2], paths(3) = [2, 100, 2]
  type(stein_tensor) :: data, out, path
  type(c_ptr) :: context, dataset, model, trainer, density, chains
  real(c_double) :: a, b
  character(256) :: name
  integer :: i, unit
  do i = 0, 199
    a = mod(i * 37, 101) / 50d0 - 1
    b = mod(i * 53, 89) / 44d0 - 1
    rows(i + 1, :) = [a, a * a + b / 4]
  end do
  data = stein_tensor(data=c_loc(rows), ndim=2, bits=64_c_int8_t, shape=c_loc(shape), strides=c_loc(strides))
  out = stein_tensor(data=c_loc(drawn), ndim=2, bits=32_c_int8_t, shape=c_loc(many))
  path = stein_tensor(data=c_loc(draws), ndim=3, bits=64_c_int8_t, shape=c_loc(paths))
  call check(stein_context_new(c_null_ptr, c_null_ptr, context, error))
  call check(stein_dataset_new(context, data, c_null_ptr, c_null_ptr, dataset, error))
  call check(stein_model_new(context, dataset, "widths=32,32" // c_null_char, model, error))
  call check(stein_trainer_new(model, dataset, "steps=400 seed=1" // c_null_char, trainer, error))
  call check(stein_trainer_run(trainer, 0_c_int64_t, c_null_ptr, c_null_ptr, error))
  call check(stein_sample(model, c_null_ptr, c_null_ptr, "seed=7" // c_null_char, out, c_null_ptr, error))
  call check(stein_density_new(context, 2_c_int64_t, c_funloc(density_of), c_null_ptr, c_null_funptr, density, error))
  call check(stein_chains_new(density, "chains=2 warmup=200 seed=3" // c_null_char, c_null_ptr, chains, error))
  call check(stein_chains_run(chains, path, c_null_ptr, c_null_ptr, error))

  call get_command_argument(1, name)
  open (newunit=unit, file=name, access="stream", form="unformatted", status="replace")
  write (unit) drawn, draws
  close (unit)
  print '(a, 2(1x, f6.4), a, i0, a)', "Fortran: 100 rows, first", drawn(:, 1), "; ", calls, " calls of the density"
  i = stein_context_free(context)
end program
