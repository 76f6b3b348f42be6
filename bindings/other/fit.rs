// The steps of fit.c in Rust, without crates.   rustc -O fit.rs -L /usr/local/lib && ./fit OUT
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};

type Handle = *mut c_void;
type DensityFn = extern "C" fn(*mut c_void, i64, i64, *const f64, *mut f64, *mut f64) -> i32;

#[repr(C)]
struct Error { struct_size: u32, status: i32, parameter: i32, callback_code: i32, option: [c_char; 64], message: [c_char; 432] }

#[repr(C)]
struct Tensor { data: *mut c_void, device: [i32; 2], ndim: i32, code: u8, bits: u8, lanes: u16, shape: *const i64, strides: *const i64, byte_offset: u64 }

#[link(name = "stein")]
extern "C" {
    fn stein_context_new(options: *const c_char, allocator: *const c_void, context: *mut Handle, error: *mut Error) -> i32;
    fn stein_dataset_new(context: Handle, rows: *const Tensor, labels: *const Tensor, options: *const c_char, dataset: *mut Handle, error: *mut Error) -> i32;
    fn stein_model_new(context: Handle, dataset: Handle, options: *const c_char, model: *mut Handle, error: *mut Error) -> i32;
    fn stein_trainer_new(model: Handle, dataset: Handle, options: *const c_char, trainer: *mut Handle, error: *mut Error) -> i32;
    fn stein_trainer_run(trainer: Handle, steps: i64, finished: *mut i32, monitor: *mut c_void, error: *mut Error) -> i32;
    fn stein_sample(model: Handle, start: *const Tensor, labels: *const Tensor, options: *const c_char, out: *const Tensor, monitor: *mut c_void, error: *mut Error) -> i32;
    fn stein_density_new(context: Handle, d: i64, function: DensityFn, user: *mut c_void, release: *const c_void, density: *mut Handle, error: *mut Error) -> i32;
    fn stein_chains_new(density: Handle, options: *const c_char, start: *const Tensor, chains: *mut Handle, error: *mut Error) -> i32;
    fn stein_chains_run(chains: Handle, draws: *const Tensor, statistics: *const Tensor, monitor: *mut c_void, error: *mut Error) -> i32;
    fn stein_context_free(context: Handle) -> i32;
    fn stein_dataset_free(dataset: Handle) -> i32;
    fn stein_model_free(model: Handle) -> i32;
    fn stein_trainer_free(trainer: Handle) -> i32;
    fn stein_density_free(density: Handle) -> i32;
    fn stein_chains_free(chains: Handle) -> i32;
}

/// Calls a function with an error of its own, and hands its message on.
fn check(call: impl FnOnce(*mut Error) -> i32) -> Result<(), String> {
    let mut error: Error = unsafe { std::mem::zeroed() };
    error.struct_size = std::mem::size_of::<Error>() as u32;
    if call(&mut error) == 0 { return Ok(()); }
    Err(unsafe { CStr::from_ptr(error.message.as_ptr()) }.to_string_lossy().into_owned())
}

fn made(call: impl FnOnce(*mut Handle, *mut Error) -> i32) -> Result<Handle, String> {
    let mut handle = null_mut();
    check(|error| call(&mut handle, error)).map(|_| handle)
}

fn tensor<T>(data: &mut [T], shape: &[i64]) -> Tensor {
    Tensor { data: data.as_mut_ptr().cast(), device: [1, 0], ndim: shape.len() as i32, code: 2, bits: 8 * std::mem::size_of::<T>() as u8, lanes: 1,
             shape: shape.as_ptr(), strides: null(), byte_offset: 0 }
}

extern "C" fn density_of(user: *mut c_void, n: i64, d: i64, x: *const f64, log_density: *mut f64, score: *mut f64) -> i32 {
    let (n, d) = (n as usize, d as usize);
    let (calls, x, log_density, score) = unsafe {
        (&mut *user.cast::<i32>(), std::slice::from_raw_parts(x, n * d), std::slice::from_raw_parts_mut(log_density, n), std::slice::from_raw_parts_mut(score, n * d))
    };
    for ((p, l), s) in x.chunks(d).zip(log_density).zip(score.chunks_mut(d)) {
        let off = p[1] - p[0] * p[0];
        *l = -0.5 * p[0] * p[0] - 2.0 * off * off;
        s[0] = -p[0] + 8.0 * p[0] * off;
        s[1] = -4.0 * off;
    }
    *calls += 1;
    0
}

fn main() -> Result<(), String> {
    let text = |options: &str| CString::new(options).unwrap();
    let mut rows: Vec<f64> = (0..200).flat_map(|i| {
        let (a, b) = ((i * 37 % 101) as f64 / 50.0 - 1.0, (i * 53 % 89) as f64 / 44.0 - 1.0);
        [a, a * a + b / 4.0]
    }).collect();
    let (mut drawn, mut draws, mut calls) = ([0f32; 200], [0f64; 400], 0i32);
    let (widths, steps, seed, kernel) = (text("widths=32,32"), text("steps=400 seed=1"), text("seed=7"), text("chains=2 warmup=200 seed=3"));
    unsafe {
        let context = made(|out, error| stein_context_new(null(), null(), out, error))?;
        let dataset = made(|out, error| stein_dataset_new(context, &tensor(&mut rows, &[200, 2]), null(), null(), out, error))?;
        let model = made(|out, error| stein_model_new(context, dataset, widths.as_ptr(), out, error))?;
        let trainer = made(|out, error| stein_trainer_new(model, dataset, steps.as_ptr(), out, error))?;
        check(|error| stein_trainer_run(trainer, 0, null_mut(), null_mut(), error))?;
        check(|error| stein_sample(model, null(), null(), seed.as_ptr(), &tensor(&mut drawn, &[100, 2]), null_mut(), error))?;
        let user: *mut i32 = &mut calls;
        let density = made(|out, error| stein_density_new(context, 2, density_of, user.cast(), null(), out, error))?;
        let chains = made(|out, error| stein_chains_new(density, kernel.as_ptr(), null(), out, error))?;
        check(|error| stein_chains_run(chains, &tensor(&mut draws, &[2, 100, 2]), null(), null_mut(), error))?;
        stein_chains_free(chains);
        stein_density_free(density);
        stein_trainer_free(trainer);
        stein_model_free(model);
        stein_dataset_free(dataset);
        stein_context_free(context);
    }
    let bytes: Vec<u8> = drawn.iter().flat_map(|v| v.to_ne_bytes()).chain(draws.iter().flat_map(|v| v.to_ne_bytes())).collect();
    let path = std::env::args().nth(1).ok_or("usage: fit OUT")?;
    std::fs::write(path, bytes).map_err(|e| e.to_string())?;
    println!("Rust: 100 rows, first {:.4} {:.4}; {} calls of the density", drawn[0], drawn[1], calls);
    Ok(())
}
