"""The kernel exponential family against its formula in NumPy, on skewed, badly scaled, correlated rows."""

import base64
import json
import zlib

import numpy as np
import pytest

import stein


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    x = np.stack([rng.gamma(2, 1, 400) * 1e-3, rng.normal(5, 2, 400)], 1)
    x[:, 1] += 1e3 * x[:, 0]
    return x


def arrays(path):
    """The float32 tensors of a model's file."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    head, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], "f4").reshape(entry["shape"]).astype(float)
        for name, entry in head.items()
        if entry.get("dtype") == "F32"
    }


def test_one_kernel_whose_weights_solve_score_matching(tmp_path, rows):
    """Sutherland et al. (2018): s = sum_m a_m grad k(u, z_m) + grad ln N, and a = -(A + ridge)^-1 b."""
    with stein.Dataset(rows) as data, stein.Model(data, "kernel_exponential", points=12) as model:
        trainer = stein.Trainer(model, data, validation=0)
        trainer.run()
        model.save(tmp_path / "model.stein")
        told, (x, score) = model.describe(), (rows[:50], model.score(rows[:50]))
    assert told["structure"]["kernels"] == 1
    own = arrays(tmp_path / "model.stein")
    assert {name.split(".")[0] for name in own if name.startswith("kernel")} == {"kernel0"}
    assert own["kernel0.weight"] == 1
    mean, scale = np.ravel(told["mean"]), np.ravel(told["scale"])
    length, points, alpha = np.exp(own["kernel0.log_length"]), own["points"], own["alpha"]
    centre, deviation = own["base.mean"], np.exp(own["base.log_scale"])

    def statistics(u):
        """Gradients [n, M, d] of the kernels, their Laplacians [n, M], the base's score [n, d]."""
        away = (points[None] - u[:, None]) / length**2
        k = np.exp(-((points[None] - u[:, None]) ** 2).sum(2) / (2 * length**2))
        return k[:, :, None] * away, k * ((away**2).sum(2) - u.shape[1] / length**2), (centre - u) / deviation**2

    slopes, _, base = statistics((x - mean) / scale)
    expected = (np.einsum("m,nmd->nd", alpha, slopes) + base) / scale
    np.testing.assert_allclose(score, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).mean(0).max() / 50)
    # The loss 1/2 a'(A + ridge)a + b'a has its minimum at a. Float32 sums of 400 rows, so by the loss and not by a itself.
    slopes, laplacians, base = statistics((rows - mean) / scale)
    matrix = np.einsum("nmd,nkd->mk", slopes, slopes) / len(rows) + np.exp(own["log_ridge"]) * np.eye(len(alpha))
    linear = (laplacians + np.einsum("nmd,nd->nm", slopes, base)).mean(0)
    loss = lambda a: a @ matrix @ a / 2 + linear @ a
    best = loss(np.linalg.solve(matrix, -linear))
    assert best <= loss(alpha) <= best + 1e-4 * abs(best)


def test_deep_kernels_are_three_by_default(rows):
    with stein.Dataset(rows) as data, stein.Model(data, "deep_kernel_exponential", points=5) as model:
        assert model.describe()["structure"]["kernels"] == 3
    with pytest.raises(ValueError, match="kernels"), stein.Dataset(rows) as data:
        stein.Model(data, "kernel_exponential", kernels=3)


# A model of three kernels, as one was made and saved when that was the default, and what it gave.
OF_THREE = (
    'c-oy*&x_qe9ABsi6+CzmDF`KkNSVH7l1Vbz!@k#xc<8NA#J(j=lX-c=P9`BU+3vc$OF_ITc(Sw<!CM8PXVL8+P{E7PqbC(F9tA~kzLS@9*R~70'
    'fiQf(^Zk6jzvt<z8}2*svaI5U70j?K^EMB>Mcr1+c$=O!T&T-cU2u6Bd#IPK{$TDcSS95C+}oUcJG@m~W_+)y6<0<uIrq@q(@WNHYj6{zVB5-y'
    'Ra{$Hby8Zf;!MG<Kk@wlQyK&$#A%wO3B@RxglU{6BqW5AG@?-i3_53$4;W06G>&MJ`Xr7pjZiR&!U&THCj=9pS|DIpZp1Fn@>+J4(hiI;T*x|S'
    'M$|(L$o|fUC@YphE$juh`ax9*F!hgW*xsm-tSz}VSs}DxDu*bONkU^kiAhK?4nq=Ivs^N*T@`L_52B5&Q)blN7KK?l36Jp)fr4k*x$3rDi=u;4'
    'Z!VbB+^TqWix-7ZrL&ZE=?qmZG~}-e0W8N5MO!y@XT~fV*4ic+-inW(x#UIF_tUgpZn_q7vjdRVRo`!j6+<%hE^Ea)c{?Ds&3&Xy?O09VC@ifu'
    'BG=BOspY<^t6^XYUbdXCO^0dfD`BI<eSex-^h$z;$pa~L0d$SD=?}NZbDn!8>$Dayb@sAsS+iVE;|iSD6>}Z7sqF|=I7G_<x*Dt4`+J_uv=++&'
    'V`~J3?bLDSpk7%bkI81qV8;rx-*CH1?}q^_7VL^m)Q+s@_OM<oG&i~**Ld3^`@~Ox!j}CXjAKM7pzSndttd+VasvE3oKO@60KdgFpTNex9R33D'
    'QGjB9ghL2!gHOc~`zUr9^tJaLjpV8{%TuKiQ<MZpd2Vx2F3qVpk^m*~GY)*#Sdth~|0vHHVxc~=58TKRoHZ6o5T!?X&JqhnsjDsMuMDri@mY<@'
    '$$d@(gnc@au)P!UFPwFsBKz=fuT~e`_g?n-^v0#@vwzNgIQ!_QH)h^NK7F%#cly^WmkwY5V)yWmZzr?2ue~<AaPR9MvM=v!t*+jEys`d%eDY)q'
    '{_M)5@4k8XaO<u1(H5NdKbcM8ytn$`&riSqdwSuW-^efLf1W=6{oloduYR3A{cHoy!}U4p{{!sUa#j'
)


def test_a_file_of_three_kernels_loads_to_the_same_model(tmp_path):
    path = tmp_path / "model.stein"
    path.write_bytes(zlib.decompress(base64.b85decode(OF_THREE)))
    with stein.Model.load(path) as model:
        assert model.describe()["structure"]["kernels"] == 3
        score = model.score(np.array([[1e-3, 4], [3e-3, 9], [2e-3, 5]], "f4"))
    expected = [
        [714.1000366210938, 0.909853994846344],
        [-634.1500244140625, -0.4202345907688141],
        [-468.46881103515625, 0.6921085715293884],
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-5)
