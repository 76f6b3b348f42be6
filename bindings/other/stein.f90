! What Fortran needs of stein.h: the functions that fit.f90 calls. Others are written down alike.
module stein
  use iso_c_binding
  implicit none

  type, bind(c) :: stein_error
    integer(c_int32_t) :: struct_size = 512, status = 0, parameter = 0, callback_code = 0
    character(c_char) :: option(64), message(432)
  end type
  type, bind(c) :: stein_tensor
    type(c_ptr) :: data
    integer(c_int32_t) :: device_type = 1, device_id = 0, ndim
    integer(c_int8_t) :: code = 2, bits
    integer(c_int16_t) :: lanes = 1
    type(c_ptr) :: shape, strides = c_null_ptr
    integer(c_int64_t) :: byte_offset = 0
  end type

  interface
    integer(c_int32_t) function stein_context_new(options, allocator, context, error) bind(c)
      import
      type(c_ptr), value :: options, allocator
      type(c_ptr) :: context
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_dataset_new(context, rows, labels, options, dataset, error) bind(c)
      import
      type(c_ptr), value :: context, labels, options
      type(stein_tensor) :: rows
      type(c_ptr) :: dataset
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_model_new(context, dataset, options, model, error) bind(c)
      import
      type(c_ptr), value :: context, dataset
      character(c_char) :: options(*)
      type(c_ptr) :: model
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_trainer_new(model, dataset, options, trainer, error) bind(c)
      import
      type(c_ptr), value :: model, dataset
      character(c_char) :: options(*)
      type(c_ptr) :: trainer
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_trainer_run(trainer, steps, finished, monitor, error) bind(c)
      import
      type(c_ptr), value :: trainer, finished, monitor
      integer(c_int64_t), value :: steps
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_sample(model, start, labels, options, out, monitor, error) bind(c)
      import
      type(c_ptr), value :: model, start, labels, monitor
      character(c_char) :: options(*)
      type(stein_tensor) :: out
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_density_new(context, d, function, user, release, density, error) bind(c)
      import
      type(c_ptr), value :: context, user
      integer(c_int64_t), value :: d
      type(c_funptr), value :: function, release
      type(c_ptr) :: density
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_chains_new(density, options, start, chains, error) bind(c)
      import
      type(c_ptr), value :: density, start
      character(c_char) :: options(*)
      type(c_ptr) :: chains
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_chains_run(chains, draws, statistics, monitor, error) bind(c)
      import
      type(c_ptr), value :: chains, statistics, monitor
      type(stein_tensor) :: draws
      type(stein_error) :: error
    end function
    integer(c_int32_t) function stein_context_free(context) bind(c)
      import
      type(c_ptr), value :: context
    end function
    ! stein_dataset_free, stein_model_free, stein_trainer_free, stein_density_free, stein_chains_free: the same
  end interface

  type(stein_error), target :: error

contains

  subroutine check(status)
    integer(c_int32_t) :: status
    integer :: i
    if (status == 0) return
    print '(432a)', (error%message(i), i = 1, 432)
    error stop 1
  end subroutine
end module
