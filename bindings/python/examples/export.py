"""Writes a data set that scikit-learn packages as .csv, its class in the column "class":  export.py wine|digits FILE"""

import sys

import numpy as np
from sklearn import datasets

data = getattr(datasets, "load_" + sys.argv[1])()
names = [*(str(n).replace(",", " ") for n in data.feature_names), "class"]
table = np.column_stack([data.data, data.target])
np.savetxt(sys.argv[2], table, delimiter=",", fmt="%.10g", header=",".join(names), comments="")
