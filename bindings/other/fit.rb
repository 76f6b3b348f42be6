# The steps of fit.c in Ruby, by fiddle, which comes with it.   ruby fit.rb OUT
require "fiddle/import"

module Stein
  extend Fiddle::Importer
  dlload ENV["STEIN_LIBRARY"] || "libstein.so.0"
  extern "int stein_context_new(const char *, void *, void *, void *)"
  extern "int stein_dataset_new(void *, void *, void *, const char *, void *, void *)"
  extern "int stein_model_new(void *, void *, const char *, void *, void *)"
  extern "int stein_trainer_new(void *, void *, const char *, void *, void *)"
  extern "int stein_trainer_run(void *, long long, void *, void *, void *)"
  extern "int stein_sample(void *, void *, void *, const char *, void *, void *, void *)"
  extern "int stein_density_new(void *, long long, void *, void *, void *, void *, void *)"
  extern "int stein_chains_new(void *, const char *, void *, void *, void *)"
  extern "int stein_chains_run(void *, void *, void *, void *, void *)"
  %w[chains density trainer model dataset context].each { |object| extern "int stein_#{object}_free(void *)" }

  # stein_error: 512 bytes, the message from byte 80 on
  ERROR = Fiddle::Pointer.malloc(512, Fiddle::RUBY_FREE)
  ERROR[0, 4] = [512].pack("l")

  def self.check(status) = status.zero? || raise((ERROR + 80).to_s)

  # The handle that a function writes before its error.
  def self.made(function, *arguments)
    out = Fiddle::Pointer.malloc(8, Fiddle::RUBY_FREE)
    check(send(function, *arguments, out, ERROR))
    out.ptr
  end

  # A stein_tensor over a String's bytes; it keeps what it points to.
  def self.tensor(bytes, bits, *shape)
    (@kept ||= []) << (lengths = shape.pack("q*")) << bytes
    [Fiddle::Pointer[bytes].to_i, 1, 0, shape.size, 2, bits, 1, Fiddle::Pointer[lengths].to_i, 0, 0].pack("Qll lCCS QQQ")
  end
end

rows = (0...200).flat_map do |i|
  a, b = i * 37 % 101 / 50.0 - 1, i * 53 % 89 / 44.0 - 1
  [a, a * a + b / 4]
end
context = Stein.made(:stein_context_new, nil, nil)
dataset = Stein.made(:stein_dataset_new, context, Stein.tensor(rows.pack("d*"), 64, 200, 2), nil, nil)
model = Stein.made(:stein_model_new, context, dataset, "widths=32,32")
trainer = Stein.made(:stein_trainer_new, model, dataset, "steps=400 seed=1")
Stein.check(Stein.stein_trainer_run(trainer, 0, nil, nil, Stein::ERROR))
drawn = "\0".b * (100 * 2 * 4)
Stein.check(Stein.stein_sample(model, nil, nil, "seed=7", Stein.tensor(drawn, 32, 100, 2), nil, Stein::ERROR))

calls = 0
pointer, integer = Fiddle::TYPE_VOIDP, Fiddle::TYPE_LONG_LONG
density_of = Fiddle::Closure::BlockCaller.new(Fiddle::TYPE_INT, [pointer, integer, integer, pointer, pointer, pointer]) do |_, n, d, x, log_density, score|
  points = x[0, 8 * n * d].unpack("d*").each_slice(d).map { |a, b| [a, b - a * a] }
  log_density[0, 8 * n] = points.map { |a, off| -0.5 * a * a - 2 * off * off }.pack("d*")
  score[0, 8 * n * d] = points.flat_map { |a, off| [-a + 8 * a * off, -4 * off] }.pack("d*")
  calls += 1
  0
rescue StandardError
  1 # what is raised must not cross C
end
density = Stein.made(:stein_density_new, context, 2, density_of, nil, nil)
chains = Stein.made(:stein_chains_new, density, "chains=2 warmup=200 seed=3", nil)
draws = "\0".b * (2 * 100 * 2 * 8)
Stein.check(Stein.stein_chains_run(chains, Stein.tensor(draws, 64, 2, 100, 2), nil, nil, Stein::ERROR))

File.binwrite(ARGV.fetch(0), drawn + draws)
puts format("Ruby: 100 rows, first %.4f %.4f; %d calls of the density", *drawn.unpack("f2"), calls)
{chains:, density:, trainer:, model:, dataset:, context:}.each { |object, handle| Stein.send("stein_#{object}_free", handle) }
