#!/usr/bin/env bash
# What the README prints is what works: its cc lines build and run, its Python lines run.   readme.sh PYTHON
set -euo pipefail
python=$(realpath -s "$1")
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" quickstart train_and_resume own_energy chains impute' EXIT
grep -E '^    cc bindings/c/examples' README.md > "$scratch/lines"
[ "$(wc -l < "$scratch/lines")" = 5 ]
bash -e "$scratch/lines"
"$python" bindings/python/examples/export.py wine "$scratch/wine.csv"
(cd "$scratch" && "$OLDPWD/quickstart" wine.csv samples.csv && [ "$(wc -l < samples.csv)" = 200 ])
./own_energy
./chains
./impute "$scratch/wine.csv"
sed -n '/^```python$/,/^```$/p' README.md | grep -v '^```' > "$scratch/lines.py"
echo 'assert samples.shape == (1000, 2) and score.shape == (500, 2) and usual.shape == (178,)' >> "$scratch/lines.py"
echo 'assert (in_oslo["city"] == "Oslo").all() and abs(in_oslo["guests"].mean() - 20) < 3 and np.isfinite(complete["warmth"]).all()' >> "$scratch/lines.py"
echo 'assert abs(model.parameter("a") - 3) < 0.2 and abs(model.parameter("b") - 4) < 0.4' >> "$scratch/lines.py"
PYTHONPATH=$PWD/bindings/python STEIN_LIBRARY=$PWD/build/lib/libstein.so bash -c 'cd "$0" && "$1" lines.py' "$scratch" "$python"
echo "readme: 6 passed, 0 failed"
