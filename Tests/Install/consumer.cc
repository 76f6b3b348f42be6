// A C++ program of the installed package: handles in smart pointers, statuses as exceptions, a callback that is a lambda.
#include <stein.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

template <auto free>
struct Free {
  template <class T>
  void operator()(T *object) const { free(object); }
};
using Context = std::unique_ptr<stein_context, Free<stein_context_free>>;
using Density = std::unique_ptr<stein_density, Free<stein_density_free>>;
using Chains = std::unique_ptr<stein_chains, Free<stein_chains_free>>;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// made<Context>(stein_context_new, ...): the handle that a function writes before its error.
template <class Owner, class Function, class... Arguments>
Owner made(Function function, Arguments... arguments) {
  stein_error error{};
  error.struct_size = sizeof error;
  typename Owner::pointer handle = nullptr;
  if (function(arguments..., &handle, &error) != STEIN_OK) throw Failure(error.message);
  return Owner(handle);
}

int main() {
  try {
    auto context = made<Context>(stein_context_new, nullptr, nullptr);
    double centre = 2;
    stein_density_fn normal = [](void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) -> int32_t {
      for (int64_t i = 0; i < n; i++) {
        double off = x[i * d] - *static_cast<double *>(user);
        log_density[i] = -off * off / 2;
        score[i * d] = -off;
      }
      return 0;
    };
    auto density = made<Density>(stein_density_new, context.get(), int64_t{1}, normal, &centre, nullptr);
    auto chains = made<Chains>(stein_chains_new, density.get(), "chains=4 warmup=300 seed=1", nullptr);
    std::vector<double> draws(4 * 1000);
    int64_t shape[] = {4, 1000, 1};
    stein_tensor out = stein_float64(draws.data(), 3, shape);
    stein_error error{};
    error.struct_size = sizeof error;
    if (stein_chains_run(chains.get(), &out, nullptr, nullptr, &error) != STEIN_OK) throw Failure(error.message);
    double mean = 0;
    for (double x : draws) mean += x / double(draws.size());
    // 4,000 draws of unit variance remember at most some ten draws: a deviation of 0.05 is above that of the mean.
    if (!(std::abs(mean - centre) < 0.25)) throw Failure("the mean is " + std::to_string(mean));
    try {
      made<Context>(stein_context_new, "thread=2", nullptr);
      throw std::runtime_error("a wrong option is taken");
    } catch (const Failure &failure) {
      std::printf("C++: mean %.2f; %s\n", mean, failure.what());
    }
  } catch (const std::exception &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
