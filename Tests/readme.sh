#!/usr/bin/env bash
# What the READMEs print works: the cc lines of bindings/c/examples build every example, which run on real data and check their own figures;
# the one that trains is killed and goes on to the same bytes; the Python of both READMEs runs.   readme.sh PYTHON
set -euo pipefail
python=$(realpath -s "$1")
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
examples=$(cd bindings/c/examples && ls -- *.c | sed 's/\.c$//')
trap 'cd "$root"; rm -rf "$scratch" $examples' EXIT
passed=0
run() { "$@" || { echo "FAILED: $*"; exit 1; }; passed=$((passed + 1)); }
fail() { echo "FAILED: $*"; exit 1; }
same() { diff <(echo "$1") <(echo "$2") >/dev/null || fail "$3: $1 and $2"; }

# One line builds one example, and no example is without one.
grep -E '^    (mpi)?cc bindings/c/examples' bindings/c/examples/README.md > "$scratch/lines"
same "$(sed -E 's|.*examples/([a-z_]+)\.c .*|\1|' "$scratch/lines" | sort)" "$(sort <<< "$examples")" "lines of the README and examples differ"
bash -e "$scratch/lines"
# Its table of measured speeds is that of the results.
while IFS= read -r row; do
  grep -qxF "$row" README.md || fail "Benchmarks/RESULTS.md says, and README.md does not: $row"
done < <(awk -F ' *[|] *' '/^[|] W[0-9]: / {gsub(/ \([^|]*\)/, ""); $0 = $0; print "| " $2 " | " $3 " | " $5 " | " $6 " |"}' Benchmarks/RESULTS.md)
# The files that it names are there.
for file in $(grep -hoE '[(`](Sources|Tests|bindings|include|Benchmarks|[.]github)/[A-Za-z0-9_+./-]+' README.md .github/*.md | cut -c2- | sort -u); do
  [ -e "$file" ] || fail "README.md or .github names $file"
done
[ "$(wc -l < README.md)" -le 150 ] || fail "README.md has more than 150 lines"
mv $examples "$scratch"
for data in wine digits; do "$python" bindings/python/examples/export.py $data "$scratch/$data.csv"; done
cd "$scratch"

run ./quickstart wine.csv samples.csv > log
cat log
# The network's loss on its rows is below the Gaussian's, and above half of it.
run awk '/^denoising loss/ {ok = $3 + 0 < $6 + 0 && $3 > $6 / 2} END {exit !ok}' log
# 200 rows under the table's header, with their classes, each column within its range widened by half on both sides, the mean within half a deviation.
run "$python" - <<'END'
import numpy as np
table, samples = (np.loadtxt(name, delimiter=",", skiprows=1) for name in ("wine.csv", "samples.csv"))
assert open("samples.csv").readline() == open("wine.csv").readline() and samples.shape == (200, 14) and np.isfinite(samples).all()
rows, drawn, classes, of_rows = table[:, :13], samples[:, :13], samples[:, 13], table[:, 13]
room = np.ptp(rows, axis=0) / 2
assert (drawn > rows.min(0) - room).all() and (drawn < rows.max(0) + room).all()
assert (abs(drawn.mean(0) - rows.mean(0)) < rows.std(0) / 2).all()
# Each class as often as in the table, within 5 deviations, and its rows about its own means.
for one in np.unique(of_rows):
    share = (of_rows == one).mean()
    assert abs((classes == one).mean() - share) < 5 * (share * (1 - share) / 200) ** 0.5
    assert (abs(drawn[classes == one].mean(0) - rows[of_rows == one].mean(0)) < rows.std(0)).all()
END
run ./own_energy
run ./chains
run ./impute wine.csv
run ./anomaly wine.csv
run ./likelihood wine.csv
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
run mpirun -n 2 ./ranks

# Killed once there is a checkpoint, and started again: the same model and rows as without the interruption.
mkdir whole
(cd whole && ../train_and_resume ../digits.csv samples.csv)
for _ in $(seq 20); do # on a busy machine it may be through before it is killed
  rm -rf killed && mkdir killed && cd killed
  nice -n 10 ../train_and_resume ../digits.csv samples.csv > log &
  victim=$!
  while kill -0 $victim 2>/dev/null && [ ! -e digits.checkpoint ]; do sleep 0.01; done
  kill -KILL $victim 2>/dev/null || true
  wait $victim 2>/dev/null || true
  [ -e digits.checkpoint ] && [ ! -e samples.csv ] && break
  cd ..
done
[ -e digits.checkpoint ] || fail "it was not killed in the midst of training"
../train_and_resume ../digits.csv samples.csv > log
grep -q '^going on from digits.checkpoint$' log || fail "it began again"
run cmp digits.safetensors ../whole/digits.safetensors
run cmp samples.csv ../whole/samples.csv
[ "$(wc -l < samples.csv)" = 100 ] || fail "not 100 digits"
cd ..

sed -n '/^```python$/,/^```$/p' "$root/README.md" "$root/bindings/python/README.md" | grep -v '^```' > lines.py
echo 'assert samples.shape == (1000, 2) and score.shape == (500, 2) and usual.shape == (178,)' >> lines.py
echo 'assert (in_oslo["city"] == "Oslo").all() and abs(in_oslo["guests"].mean() - 20) < 3 and np.isfinite(complete["warmth"]).all()' >> lines.py
echo 'assert abs(model.parameter("a") - 3) < 0.2 and abs(model.parameter("b") - 4) < 0.4' >> lines.py
PYTHONPATH=$root/bindings/python STEIN_LIBRARY=$root/build/lib/libstein.so run "$python" lines.py
echo "readme: $passed passed, 0 failed"
