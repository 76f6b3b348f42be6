-- The steps of fit.c in LuaJIT, without a compiler: the declarations are
-- those of stein.h.   luajit fit.lua OUT
local ffi = require("ffi")
local path = os.getenv("STEIN_HEADER") or "/usr/local/include/stein.h"
local file = assert(io.open(path))
local header = file:read("*a")
file:close()
header = header:match("(typedef int32_t stein_status;.*)/%* %-%-%-%- Helpers")
ffi.cdef((header:gsub("STEIN_API", ""):gsub("STEIN_CHECK", "")))
local stein = ffi.load(os.getenv("STEIN_LIBRARY") or "libstein.so.0")

local size = ffi.sizeof("stein_error")
local err = ffi.new("stein_error", {struct_size = size})
local function check(status)
  if status ~= 0 then error(ffi.string(err.message), 2) end
end
local kept = {}  -- what tensors point to lives as long as this
local function made(type, make)
  local out = ffi.new(type .. " *[1]")
  check(make(out))
  return ffi.gc(out[0], stein[type .. "_free"])
end
local function tensor(data, bits, ...)
  local axes = select("#", ...)
  local shape = ffi.new("int64_t[?]", axes, ...)
  kept[#kept + 1] = {data, shape}
  return ffi.new("stein_tensor", {
    data = data, device = {1, 0}, ndim = axes, dtype = {2, bits, 1},
    shape = shape
  })
end

local rows = ffi.new("double[200][2]")
for i = 0, 199 do
  local a, b = i * 37 % 101 / 50 - 1, i * 53 % 89 / 44 - 1
  rows[i][0], rows[i][1] = a, a * a + b / 4
end
local table = tensor(rows, 64, 200, 2)
local context = made("stein_context", function(out)
  return stein.stein_context_new(nil, nil, out, err)
end)
local data = made("stein_dataset", function(out)
  return stein.stein_dataset_new(context, table, nil, nil, out, err)
end)
local model = made("stein_model", function(out)
  return stein.stein_model_new(context, data, "widths=32,32", out, err)
end)
local trainer = made("stein_trainer", function(out)
  return stein.stein_trainer_new(model, data, "steps=400 seed=1", out, err)
end)
check(stein.stein_trainer_run(trainer, 0, nil, nil, err))
local drawn = ffi.new("float[100][2]")
local samples = tensor(drawn, 32, 100, 2)
check(stein.stein_sample(model, nil, nil, "seed=7", samples, nil, err))

local calls = 0
-- An error must not cross C: it becomes a number, and the run ends.
local function density_of(_, n, d, x, log_density, score)
  local fine = pcall(function()
    for i = 0, tonumber(n) - 1 do
      local a, b = x[2 * i], x[2 * i + 1]
      local off = b - a * a
      log_density[i] = -0.5 * a * a - 2 * off * off
      score[2 * i], score[2 * i + 1] = -a + 8 * a * off, -4 * off
    end
  end)
  calls = calls + 1
  return fine and 0 or 1
end
local called = ffi.cast("stein_density_fn", density_of)
local density = made("stein_density", function(out)
  return stein.stein_density_new(context, 2, called, nil, nil, out, err)
end)
local options = "chains=2 warmup=200 seed=3"
local chains = made("stein_chains", function(out)
  return stein.stein_chains_new(density, options, nil, out, err)
end)
local draws = ffi.new("double[2][100][2]")
local into = tensor(draws, 64, 2, 100, 2)
local function run()
  return stein.stein_chains_run(chains, into, nil, nil, err)
end
jit.off(run)  -- compiled code can't be called back into
check(run())

local out = assert(io.open(arg[1], "wb"))
out:write(ffi.string(drawn, ffi.sizeof(drawn)))
out:write(ffi.string(draws, ffi.sizeof(draws)))
out:close()
local line = "LuaJIT: 100 rows, first %.4f %.4f; %d calls of the density"
print(line:format(drawn[0][0], drawn[0][1], calls))
