"""Generated from the library's option tables by bindings/generate.py; do not edit."""

from __future__ import annotations

from typing import Any, Literal, Sequence, TypedDict

from numpy.typing import NDArray


class ContextOptions(TypedDict, total=False):
    """Options of stein.Context.

    threads : integer in [0, 1024], default 0
        Worker threads; 0: as many as the process may use processors, by affinity and quota
    memory_limit : integer in [0, 4611686018427387904], default 0
        Bytes that data, models and work may take together; 0: no limit
    trace : text, default none
        A file for the time, sizes and bytes of every step that runs, with its thread, in Chrome's trace format
        (chrome://tracing, Perfetto), up to 1 GiB; without it nothing is timed
    """

    threads: int | None
    memory_limit: int | None
    trace: str | None


class FileOptions(TypedDict, total=False):
    """Options of stein.Dataset.open.

    names : texts, default none
        The columns' names, in order
    format : auto | npy | csv, default auto
        Of a file; auto goes by its ending
    separator : auto | comma | semicolon | tab | space | pipe, default auto
        Between fields of a .csv; auto takes the one that splits the first lines alike
    header : auto | true | false, default auto
        Whether the first line of a .csv holds names; auto: when it holds a word
    label : text, default none
        The column with each row's class, whole numbers: its name, or its number from 0, from the end if negative
    columns : texts, default none
        The columns to keep, in order, by name or number from 0
    """

    names: Sequence[str] | str | None
    format: Literal["auto", "npy", "csv"] | None
    separator: Literal["auto", "comma", "semicolon", "tab", "space", "pipe"] | None
    header: Literal["auto", "true", "false"] | bool | None
    label: str | None
    columns: Sequence[str] | str | None


class ModelOptions(TypedDict, total=False):
    """Options of stein.Model and stein.Graph.model.

    scale : auto | columns | common | none, default auto
        Standardise each column by its own deviation, all by one, or not at all (u = x); auto: common from 3 axes
        on, for score_unet and for a ball
    widths : integers in [1, 8192], default auto
        Hidden layers, or residual blocks; auto: 64,64 under 500 rows of up to 20 columns, 128,128 under 5000 of up
        to 100, else 256,256, and for scale=common 256,256,256; score_unet: channels of each level, of half the
        length of the one before, 32,64,128 or as many of them as leave a length of 4; nice, autoregressive: 64,64
        or from 5000 rows 256,256; deep_kernel_exponential: 30,30,30
    blocks : integer in [1, 8], default 2
        score_unet: residual blocks of a level, on the way down and up
    spatial_axes : integer in [1, 2], default auto
        score_unet: 1: signals, rows [length] or [length, channels]; 2: pictures, [height, width] or [height, width,
        channels]; auto: 1 for rows of one axis, else 2
    activation : auto | silu | tanh | softplus | relu, default auto
        auto: silu, softplus for deep kernels. relu has no second derivative and is refused in energies
    residual : auto | true | false, default auto
        Blocks around a skip, all of one width; auto: true for score_mlp, false for energy_mlp
    embedding : fourier | log, default fourier
        How a network is told of the noise: ln(σ)/4 with Fourier features, or alone
    noise_conditional : flag, default true
        score_mlp, score_unet, energy_mlp: one network for every noise level, or false: for one level
    parameterization : auto | edm | v | score | noise | clean, default auto
        score_mlp, score_unet: what its output F stands for; edm: D = c_skip u + c_out F (Karras et al. 2022); v:
        velocity (Salimans & Ho 2022); score: s = F/σ; noise: ε = F; clean: D = F. auto: edm, and score for one
        level
    preconditioning : auto | covariance | isotropic, default auto
        score_mlp, energy_mlp: what a network begins as, and what scales it. covariance: the Gaussian with the
        covariance of the data, so that it learns what is not Gaussian alone; isotropic: one deviation for all
        directions (Karras et al. 2022). auto: covariance up to 256 columns, where there is no domain,
        parameterization is edm or v and the scale not common
    dropout : number in [0, 0.9], default auto
        In residual blocks while training; auto: 0.1, under 500 rows 0.25, but with scale=common 0.1
    components : integer in [1, 4096], default auto
        mixture: Gaussians, 5; autoregressive: of each conditional density, 1
    covariance : full | diagonal | low_rank, default full
        gaussian, mixture: full, diagonal, or low_rank: of `rank` and a diagonal (gaussian: a multiple of the
        identity)
    rank : integer in [1, 4096], default 2
        Of covariance=low_rank
    statistics : polynomial | pairwise, default polynomial
        exponential: every monomial up to `degree`, or pairwise: powers of each column and products of each pair, a
        graphical model
    degree : integer in [1, 16], default 2
        exponential: highest power
    exponents : numbers, default 1,1
        exponential, statistics=pairwise domain=positive: a,b of u^a u^a and u^b; b = 0 is the logarithm (Yu, Drton
        & Shojaie 2019)
    points : integer in [1, 20000], default 200
        Kernel families: points at which kernels stand; at most as many as rows
    kernels : integer in [1, 64], default auto
        deep_kernel_exponential: kernels in the sum; auto: 3. kernel_exponential has one
    couplings : integer in [1, 64], default 4
        nice: additive couplings
    conditional : gaussian | logistic, default gaussian
        autoregressive: law of the components
    domain : real | positive | box | ball, default real
        Where the density lives. With a boundary exact, sliced and sliced_vr are weighted by the distance to it
        (Hyvärinen 2007; Yu et al. 2019; Liu et al. 2022)
    lower : numbers, default auto
        domain=box: in the data's units, one number or one for each column; auto: none
    upper : numbers, default auto
        domain=box: as lower
    centre : numbers, default auto
        domain=ball: in the data's units; auto: the origin
    radius : number in [0, 1e+30], default auto
        domain=ball: in the data's units
    classes : use | ignore, default use
        ignore: the labels of the data set are left out; families without classes refuse them else
    seed : integer in [0, 9223372036854775807], default 0
        Of the starting weights
    """

    scale: Literal["auto", "columns", "common", "none"] | None
    widths: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    blocks: int | None
    spatial_axes: int | Literal["auto"] | None
    activation: Literal["auto", "silu", "tanh", "softplus", "relu"] | None
    residual: Literal["auto", "true", "false"] | bool | None
    embedding: Literal["fourier", "log"] | None
    noise_conditional: bool | None
    parameterization: Literal["auto", "edm", "v", "score", "noise", "clean"] | None
    preconditioning: Literal["auto", "covariance", "isotropic"] | None
    dropout: float | Literal["auto"] | None
    components: int | Literal["auto"] | None
    covariance: Literal["full", "diagonal", "low_rank"] | None
    rank: int | None
    statistics: Literal["polynomial", "pairwise"] | None
    degree: int | None
    exponents: Sequence[float] | NDArray[Any] | float | None
    points: int | None
    kernels: int | Literal["auto"] | None
    couplings: int | None
    conditional: Literal["gaussian", "logistic"] | None
    domain: Literal["real", "positive", "box", "ball"] | None
    lower: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    upper: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    centre: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    radius: float | Literal["auto"] | None
    classes: Literal["use", "ignore"] | None
    seed: int | None


class NodeOptions(TypedDict, total=False):
    """Options of stein.Graph.node.

    columns : integer in [1, 1048576], default auto
        x: columns of a row
    name : text, default none
        parameter: its name
    shape : integers in [1, 1048576], default auto
        parameter, broadcast, reshape: lengths of the axes of one row; parameter: auto is one number
    start : zeros | ones | normal | identity, default zeros
        parameter: where training begins, unless a value is given
    deviation : number in [0, 1e+30], default 1
        parameter, start=normal
    value : number in [-1e+30, 1e+30], default auto
        constant: one number; parameter: where every element begins
    size : integer in [1, 4096], default 1
        identity: rows
    exponent : number in [-1e+06, 1e+06], default auto
        power
    axes : integers in [-4, 3], default auto
        sum, mean, max, log_sum_exp: those that go, negative from the end; auto: all. transpose: the order; auto:
        reversed
    keep_axes : flag, default false
        sum, mean, max, log_sum_exp: leaves length 1
    starts : integers in [0, 1048576], default auto
        slice: first element of each axis
    sizes : integers in [1, 1048576], default auto
        slice: length of each axis
    axis : integer in [-4, 3], default 0
        concatenate
    indices : integers in [0, 1048576], default auto
        gather: entries of the first axis
    stride : integers in [1, 1048576], default 1
        convolution, transposed_convolution: from one window to the next; one number, or height and width
    padding : integers in [0, 255], default auto
        convolution, transposed_convolution: zeros on each side; one number, or height and width; auto: half of an
        odd kernel, which with stride 1 keeps the lengths
    """

    columns: int | Literal["auto"] | None
    name: str | None
    shape: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    start: Literal["zeros", "ones", "normal", "identity"] | None
    deviation: float | None
    value: float | Literal["auto"] | None
    size: int | None
    exponent: float | Literal["auto"] | None
    axes: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    keep_axes: bool | None
    starts: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    sizes: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    axis: int | None
    indices: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    stride: Sequence[int] | NDArray[Any] | int | None
    padding: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None


class TrainerOptions(TypedDict, total=False):
    """Options of stein.Trainer.

    objective : auto | denoising | exact | sliced | sliced_vr | finite_difference | maximum_likelihood |
            closed_form, default auto
        auto: closed_form for gaussian, exponential and kernel_exponential; for other models of one level exact,
        from 33 columns on sliced_vr; else denoising
    steps : integer in [1, 1000000000], default auto
        Of the optimiser; auto: for score_mlp and energy_mlp over many levels with scale=columns 10 a row, from 1200
        to 8000, or if that is more 100 passes over the rows up to 20000; else 600 passes, from 500 to 20000
    batch : integer in [1, 1048576], default auto
        Rows a step, drawn with replacement; auto: 256, score_unet 64
    rate : number in [0, 1e+30], default auto
        Adam's learning rate at its highest; auto: 0.003 for score_mlp and energy_mlp over many levels with
        scale=columns, else 0.001
    beta1 : number in [0, 0.999999], default 0.9
        Adam's decay of the first moment
    beta2 : number in [0, 0.999999], default 0.99
        Adam's decay of the second moment
    warmup : integer in [0, 1000000000], default 100
        Steps in which the rate rises from 0
    decay : cosine | none, default cosine
        Of the rate after warm-up: along a cosine to 1 % at the last step, or not
    clip : number in [0, 1e+30], default 10
        Largest norm of the gradient; 0: no limit
    ema : number in [0, 1], default 0.999
        Decay of the moving average of the weights
    validation : number in [0, 0.5], default auto
        Share of the rows held out, to judge by and to stop early; auto: 0.1 and at least 20 rows, of score_unet at
        most 512, 0 under 60 rows, and for exponential, mixture and graphs from 20 rows a parameter on; for
        score_mlp and energy_mlp over many levels with scale=columns 0 under 500 rows, then 0.1 up to 1000 rows,
        which are trained on too once the network, after three fifths of the steps, is better on them than a
        Gaussian
    checks : integer in [1, 10000], default 40
        Validations in the course of `steps`
    patience : integer in [0, 10000], default auto
        Checks without a better validation loss that end training, whose best weights are then taken; 0: never, and
        the last are taken. auto: 8, but 0 for score_mlp and energy_mlp over many levels with scale=columns, where
        one loss is too little to judge all levels by
    schedule : edm | geometric | ve | vp | subvp | cosine, default edm
        Law of the noise levels: ln(σ/σ_data) ~ N(-0.5, 1.2²) (Karras et al. 2022); a geometric ladder (Song & Ermon
        2020); the times of the VE, VP and sub-VP processes (Song et al. 2021) or of the cosine schedule (Nichol &
        Dhariwal 2021), as levels of noise over signal
    weighting : edm | sigma2 | likelihood | min_snr, default edm
        λ of ½ λ ‖σ s - σ ∇ log q‖²: σ²/σ_data² + 1; 1; g² of the process (Song et al. 2021); min(1, 5σ²/σ_data²)
        (Hang et al. 2023)
    sigma_min : number in [1e-06, 1e+06], default auto
        Lowest noise level, in units of the columns' scale; auto: 0.01 σ_data
    sigma_max : number in [1e-06, 1e+09], default auto
        Highest; auto: the largest distance between two rows, for edm and cosine from 10 to 80 σ_data, the process's
        own end for vp and subvp
    noise : number in [0, 1e+09], default auto
        Models of one level: deviation of noise added to the rows, without which repeated or rounded data may have
        no bounded loss; auto: 0.05 σ_data (denoising 0.1), but 0 for exponential, kernel_exponential, graphs,
        domains and maximum_likelihood
    projections : integer in [1, 1024], default 1
        sliced, sliced_vr, finite_difference: random directions a row
    projection_law : rademacher | gaussian | sphere, default rademacher
        Of the directions: signs, normal, or the sphere of radius √D
    difference_step : number in [1e-06, 1e+06], default auto
        finite_difference: ε, in units of the columns' scale; auto: 0.05 σ_data, since float32 loses the difference
        below 0.01
    noise_kernel : gaussian | laplace | logistic | student_t | caller, default gaussian
        denoising: law of the noise, of unit variance; caller: stein_trainer_set_noise
    degrees : number in [2.01, 10000], default 5
        noise_kernel=student_t: degrees of freedom
    control_variate : flag, default false
        denoising: subtracts t·s(u), of mean 0, which keeps the variance finite at small σ
    boundary_cap : number in [1e-09, 1e+09], default auto
        Models with a domain: distance from which the boundary is not felt, in units of the columns' scale; auto:
        σ_data
    boundary_power : integer in [1, 2], default 1
        Of the distance in the weight; 2 where the density may diverge at the boundary
    label_dropout : number in [0, 1], default 0
        Share of rows whose class is hidden while training; above 0 the model also knows its score without a class
    seed : integer in [0, 9223372036854775807], default 0
        Of rows, noise and dropout
    rescale : flag, default false
        For a model of other rows: takes its location and scale from these. The weights stay, in those units, and
        the model shows the change at once
    local_steps : integer in [1, 1000000], default 1
        With ranks on a slow network: steps that each takes by itself, on its own rows of the batch, before weights
        and moments are averaged by the number of rows (McMahan et al. 2017); 1: every gradient is summed
    precision : float32 | bf16, default float32
        Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire
        Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32
    """

    objective: Literal["auto", "denoising", "exact", "sliced", "sliced_vr", "finite_difference", "maximum_likelihood", "closed_form"] | None
    steps: int | Literal["auto"] | None
    batch: int | Literal["auto"] | None
    rate: float | Literal["auto"] | None
    beta1: float | None
    beta2: float | None
    warmup: int | None
    decay: Literal["cosine", "none"] | None
    clip: float | None
    ema: float | None
    validation: float | Literal["auto"] | None
    checks: int | None
    patience: int | Literal["auto"] | None
    schedule: Literal["edm", "geometric", "ve", "vp", "subvp", "cosine"] | None
    weighting: Literal["edm", "sigma2", "likelihood", "min_snr"] | None
    sigma_min: float | Literal["auto"] | None
    sigma_max: float | Literal["auto"] | None
    noise: float | Literal["auto"] | None
    projections: int | None
    projection_law: Literal["rademacher", "gaussian", "sphere"] | None
    difference_step: float | Literal["auto"] | None
    noise_kernel: Literal["gaussian", "laplace", "logistic", "student_t", "caller"] | None
    degrees: float | None
    control_variate: bool | None
    boundary_cap: float | Literal["auto"] | None
    boundary_power: int | None
    label_dropout: float | None
    seed: int | None
    rescale: bool | None
    local_steps: int | None
    precision: Literal["float32", "bf16"] | None


class FitOptions(TypedDict, total=False):
    """Options of stein.fit: of the model, then of the trainer.

    scale : auto | columns | common | none, default auto
        Standardise each column by its own deviation, all by one, or not at all (u = x); auto: common from 3 axes
        on, for score_unet and for a ball
    widths : integers in [1, 8192], default auto
        Hidden layers, or residual blocks; auto: 64,64 under 500 rows of up to 20 columns, 128,128 under 5000 of up
        to 100, else 256,256, and for scale=common 256,256,256; score_unet: channels of each level, of half the
        length of the one before, 32,64,128 or as many of them as leave a length of 4; nice, autoregressive: 64,64
        or from 5000 rows 256,256; deep_kernel_exponential: 30,30,30
    blocks : integer in [1, 8], default 2
        score_unet: residual blocks of a level, on the way down and up
    spatial_axes : integer in [1, 2], default auto
        score_unet: 1: signals, rows [length] or [length, channels]; 2: pictures, [height, width] or [height, width,
        channels]; auto: 1 for rows of one axis, else 2
    activation : auto | silu | tanh | softplus | relu, default auto
        auto: silu, softplus for deep kernels. relu has no second derivative and is refused in energies
    residual : auto | true | false, default auto
        Blocks around a skip, all of one width; auto: true for score_mlp, false for energy_mlp
    embedding : fourier | log, default fourier
        How a network is told of the noise: ln(σ)/4 with Fourier features, or alone
    noise_conditional : flag, default true
        score_mlp, score_unet, energy_mlp: one network for every noise level, or false: for one level
    parameterization : auto | edm | v | score | noise | clean, default auto
        score_mlp, score_unet: what its output F stands for; edm: D = c_skip u + c_out F (Karras et al. 2022); v:
        velocity (Salimans & Ho 2022); score: s = F/σ; noise: ε = F; clean: D = F. auto: edm, and score for one
        level
    preconditioning : auto | covariance | isotropic, default auto
        score_mlp, energy_mlp: what a network begins as, and what scales it. covariance: the Gaussian with the
        covariance of the data, so that it learns what is not Gaussian alone; isotropic: one deviation for all
        directions (Karras et al. 2022). auto: covariance up to 256 columns, where there is no domain,
        parameterization is edm or v and the scale not common
    dropout : number in [0, 0.9], default auto
        In residual blocks while training; auto: 0.1, under 500 rows 0.25, but with scale=common 0.1
    components : integer in [1, 4096], default auto
        mixture: Gaussians, 5; autoregressive: of each conditional density, 1
    covariance : full | diagonal | low_rank, default full
        gaussian, mixture: full, diagonal, or low_rank: of `rank` and a diagonal (gaussian: a multiple of the
        identity)
    rank : integer in [1, 4096], default 2
        Of covariance=low_rank
    statistics : polynomial | pairwise, default polynomial
        exponential: every monomial up to `degree`, or pairwise: powers of each column and products of each pair, a
        graphical model
    degree : integer in [1, 16], default 2
        exponential: highest power
    exponents : numbers, default 1,1
        exponential, statistics=pairwise domain=positive: a,b of u^a u^a and u^b; b = 0 is the logarithm (Yu, Drton
        & Shojaie 2019)
    points : integer in [1, 20000], default 200
        Kernel families: points at which kernels stand; at most as many as rows
    kernels : integer in [1, 64], default auto
        deep_kernel_exponential: kernels in the sum; auto: 3. kernel_exponential has one
    couplings : integer in [1, 64], default 4
        nice: additive couplings
    conditional : gaussian | logistic, default gaussian
        autoregressive: law of the components
    domain : real | positive | box | ball, default real
        Where the density lives. With a boundary exact, sliced and sliced_vr are weighted by the distance to it
        (Hyvärinen 2007; Yu et al. 2019; Liu et al. 2022)
    lower : numbers, default auto
        domain=box: in the data's units, one number or one for each column; auto: none
    upper : numbers, default auto
        domain=box: as lower
    centre : numbers, default auto
        domain=ball: in the data's units; auto: the origin
    radius : number in [0, 1e+30], default auto
        domain=ball: in the data's units
    classes : use | ignore, default use
        ignore: the labels of the data set are left out; families without classes refuse them else
    seed : integer in [0, 9223372036854775807], default 0
        Of the starting weights; of rows, noise and dropout
    objective : auto | denoising | exact | sliced | sliced_vr | finite_difference | maximum_likelihood |
            closed_form, default auto
        auto: closed_form for gaussian, exponential and kernel_exponential; for other models of one level exact,
        from 33 columns on sliced_vr; else denoising
    steps : integer in [1, 1000000000], default auto
        Of the optimiser; auto: for score_mlp and energy_mlp over many levels with scale=columns 10 a row, from 1200
        to 8000, or if that is more 100 passes over the rows up to 20000; else 600 passes, from 500 to 20000
    batch : integer in [1, 1048576], default auto
        Rows a step, drawn with replacement; auto: 256, score_unet 64
    rate : number in [0, 1e+30], default auto
        Adam's learning rate at its highest; auto: 0.003 for score_mlp and energy_mlp over many levels with
        scale=columns, else 0.001
    beta1 : number in [0, 0.999999], default 0.9
        Adam's decay of the first moment
    beta2 : number in [0, 0.999999], default 0.99
        Adam's decay of the second moment
    warmup : integer in [0, 1000000000], default 100
        Steps in which the rate rises from 0
    decay : cosine | none, default cosine
        Of the rate after warm-up: along a cosine to 1 % at the last step, or not
    clip : number in [0, 1e+30], default 10
        Largest norm of the gradient; 0: no limit
    ema : number in [0, 1], default 0.999
        Decay of the moving average of the weights
    validation : number in [0, 0.5], default auto
        Share of the rows held out, to judge by and to stop early; auto: 0.1 and at least 20 rows, of score_unet at
        most 512, 0 under 60 rows, and for exponential, mixture and graphs from 20 rows a parameter on; for
        score_mlp and energy_mlp over many levels with scale=columns 0 under 500 rows, then 0.1 up to 1000 rows,
        which are trained on too once the network, after three fifths of the steps, is better on them than a
        Gaussian
    checks : integer in [1, 10000], default 40
        Validations in the course of `steps`
    patience : integer in [0, 10000], default auto
        Checks without a better validation loss that end training, whose best weights are then taken; 0: never, and
        the last are taken. auto: 8, but 0 for score_mlp and energy_mlp over many levels with scale=columns, where
        one loss is too little to judge all levels by
    schedule : edm | geometric | ve | vp | subvp | cosine, default edm
        Law of the noise levels: ln(σ/σ_data) ~ N(-0.5, 1.2²) (Karras et al. 2022); a geometric ladder (Song & Ermon
        2020); the times of the VE, VP and sub-VP processes (Song et al. 2021) or of the cosine schedule (Nichol &
        Dhariwal 2021), as levels of noise over signal
    weighting : edm | sigma2 | likelihood | min_snr, default edm
        λ of ½ λ ‖σ s - σ ∇ log q‖²: σ²/σ_data² + 1; 1; g² of the process (Song et al. 2021); min(1, 5σ²/σ_data²)
        (Hang et al. 2023)
    sigma_min : number in [1e-06, 1e+06], default auto
        Lowest noise level, in units of the columns' scale; auto: 0.01 σ_data
    sigma_max : number in [1e-06, 1e+09], default auto
        Highest; auto: the largest distance between two rows, for edm and cosine from 10 to 80 σ_data, the process's
        own end for vp and subvp
    noise : number in [0, 1e+09], default auto
        Models of one level: deviation of noise added to the rows, without which repeated or rounded data may have
        no bounded loss; auto: 0.05 σ_data (denoising 0.1), but 0 for exponential, kernel_exponential, graphs,
        domains and maximum_likelihood
    projections : integer in [1, 1024], default 1
        sliced, sliced_vr, finite_difference: random directions a row
    projection_law : rademacher | gaussian | sphere, default rademacher
        Of the directions: signs, normal, or the sphere of radius √D
    difference_step : number in [1e-06, 1e+06], default auto
        finite_difference: ε, in units of the columns' scale; auto: 0.05 σ_data, since float32 loses the difference
        below 0.01
    noise_kernel : gaussian | laplace | logistic | student_t | caller, default gaussian
        denoising: law of the noise, of unit variance; caller: stein_trainer_set_noise
    degrees : number in [2.01, 10000], default 5
        noise_kernel=student_t: degrees of freedom
    control_variate : flag, default false
        denoising: subtracts t·s(u), of mean 0, which keeps the variance finite at small σ
    boundary_cap : number in [1e-09, 1e+09], default auto
        Models with a domain: distance from which the boundary is not felt, in units of the columns' scale; auto:
        σ_data
    boundary_power : integer in [1, 2], default 1
        Of the distance in the weight; 2 where the density may diverge at the boundary
    label_dropout : number in [0, 1], default 0
        Share of rows whose class is hidden while training; above 0 the model also knows its score without a class
    rescale : flag, default false
        For a model of other rows: takes its location and scale from these. The weights stay, in those units, and
        the model shows the change at once
    local_steps : integer in [1, 1000000], default 1
        With ranks on a slow network: steps that each takes by itself, on its own rows of the batch, before weights
        and moments are averaged by the number of rows (McMahan et al. 2017); 1: every gradient is summed
    precision : float32 | bf16, default float32
        Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire
        Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32
    """

    scale: Literal["auto", "columns", "common", "none"] | None
    widths: Sequence[int] | NDArray[Any] | int | Literal["auto"] | None
    blocks: int | None
    spatial_axes: int | Literal["auto"] | None
    activation: Literal["auto", "silu", "tanh", "softplus", "relu"] | None
    residual: Literal["auto", "true", "false"] | bool | None
    embedding: Literal["fourier", "log"] | None
    noise_conditional: bool | None
    parameterization: Literal["auto", "edm", "v", "score", "noise", "clean"] | None
    preconditioning: Literal["auto", "covariance", "isotropic"] | None
    dropout: float | Literal["auto"] | None
    components: int | Literal["auto"] | None
    covariance: Literal["full", "diagonal", "low_rank"] | None
    rank: int | None
    statistics: Literal["polynomial", "pairwise"] | None
    degree: int | None
    exponents: Sequence[float] | NDArray[Any] | float | None
    points: int | None
    kernels: int | Literal["auto"] | None
    couplings: int | None
    conditional: Literal["gaussian", "logistic"] | None
    domain: Literal["real", "positive", "box", "ball"] | None
    lower: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    upper: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    centre: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    radius: float | Literal["auto"] | None
    classes: Literal["use", "ignore"] | None
    seed: int | None
    objective: Literal["auto", "denoising", "exact", "sliced", "sliced_vr", "finite_difference", "maximum_likelihood", "closed_form"] | None
    steps: int | Literal["auto"] | None
    batch: int | Literal["auto"] | None
    rate: float | Literal["auto"] | None
    beta1: float | None
    beta2: float | None
    warmup: int | None
    decay: Literal["cosine", "none"] | None
    clip: float | None
    ema: float | None
    validation: float | Literal["auto"] | None
    checks: int | None
    patience: int | Literal["auto"] | None
    schedule: Literal["edm", "geometric", "ve", "vp", "subvp", "cosine"] | None
    weighting: Literal["edm", "sigma2", "likelihood", "min_snr"] | None
    sigma_min: float | Literal["auto"] | None
    sigma_max: float | Literal["auto"] | None
    noise: float | Literal["auto"] | None
    projections: int | None
    projection_law: Literal["rademacher", "gaussian", "sphere"] | None
    difference_step: float | Literal["auto"] | None
    noise_kernel: Literal["gaussian", "laplace", "logistic", "student_t", "caller"] | None
    degrees: float | None
    control_variate: bool | None
    boundary_cap: float | Literal["auto"] | None
    boundary_power: int | None
    label_dropout: float | None
    rescale: bool | None
    local_steps: int | None
    precision: Literal["float32", "bf16"] | None


class SamplerOptions(TypedDict, total=False):
    """Options of Model.sample.

    sampler : auto | euler | heun | rk45 | ddim | dpmpp_2m | dpmpp_3m_sde | predictor_corrector | annealed_langevin
            | underdamped_langevin | langevin, default auto
        Probability-flow ODE: euler, heun (Karras et al. 2022), rk45 (adaptive), dpmpp_2m (Lu et al. 2022); with
        noise: ddim (Song et al. 2021, by eta), dpmpp_3m_sde, predictor_corrector (Song et al. 2021),
        annealed_langevin (Song & Ermon 2020), underdamped_langevin: steps with momentum; langevin: at one level.
        auto: langevin for a model of one level, else heun; where values are known by method
    steps : integer in [1, 100000000], default auto
        Levels of the grid: heun, rk45 18, dpmpp_2m 25, euler, ddim, dpmpp_3m_sde 50, predictor_corrector 200,
        underdamped_langevin 8 for each factor of e between the highest and the lowest, and with fewer more steps at
        each; annealed_langevin: steps a level, 20; langevin: steps, 1000
    seed : integer in [0, 9223372036854775807], default 0
        Of all that is random
    first_index : integer in [0, 36028797018963968], default 0
        Number of the first row
    precision : float32 | bf16, default float32
        Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire
        Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32
    grid : auto | edm | geometric | uniform, default auto
        How levels lie: edm (Karras et al. 2022, by rho), geometric, or uniform in sigma; auto: edm, geometric for
        underdamped_langevin
    rho : number in [1, 100], default 7
        edm: how the levels crowd towards the lowest
    levels : numbers, default auto
        The levels themselves, from the highest down, instead of a grid
    sigma_min : number in [0, 1e+09], default 0
        Lowest level of what goes through many; 0: the lowest trained
    sigma_max : number in [0, 1e+09], default 0
        Highest level; 0: the highest trained
    denoise : flag, default auto
        A last step to E[clean | x] (Tweedie); auto: true, but false for langevin and with accept
    tolerance : number in [1e-09, 0.1], default 1e-4
        rk45: error of a step, in deviations of the data
    churn : number in [0, 1e+06], default 0
        euler, heun: S_churn, noise added over all steps (Karras et al. 2022, algorithm 2)
    churn_min : number in [0, 1e+09], default 0
        Lowest level with churn
    churn_max : number in [0, 1e+09], default auto
        Highest level with churn; auto: all
    churn_noise : number in [0, 10], default 1
        S_noise, the deviation of that noise
    eta : number in [0, 1], default auto
        ddim, dpmpp_2m, dpmpp_3m_sde: 0 for the ODE, 1 for the whole noise of the SDE; auto: 0, dpmpp_3m_sde 1
    predictor : reverse_diffusion | ancestral | euler_maruyama | none, default reverse_diffusion
        predictor_corrector: the step of the reverse SDE
    process : ve | vp, default ve
        predictor_corrector: the SDE that is discretised, variance exploding or preserving
    corrector_steps : integer in [0, 10000], default 1
        predictor_corrector: Langevin steps a level
    corrector_ratio : number in [0, 0.9], default 0.16
        predictor_corrector: r of the Langevin steps ε = 2 r² σ², which widen a level by 1/(1 - r²)
    step_ratio : number in [0.001, 1.9], default 1.1
        underdamped_langevin: the time of a step over σ; from 2 on steps would not be stable
    accept : flag, default false
        annealed_langevin: accept or reject (Metropolis) at each level; for models with an energy
    sigma : number in [0, 1e+09], default 0
        langevin: the level; 0: the lowest trained, or 0.1 if that is higher
    step_size : number in [0, 1e+12], default auto
        ε of x' = x + ε s(x) + √(2ε) z, in squared units of the columns' scale; annealed_langevin: at the lowest
        level. auto: by technique 4, and σ²/4 but at most 0.1 for langevin, times a temperature below 1
    temperature : number in [0.001, 1000], default 1
        T of p^(1/T): exact for langevin, elsewhere for Gaussians of up to 128 columns (Ingraham et al. 2023)
    guidance : number in [-1000, 1000], default 1
        w of (1 - w) s(x) + w s(x | class): 1 for the class alone, more to stress it (Ho & Salimans 2022)
    guidance_min : number in [0, 1e+09], default 0
        Lowest level that is guided
    guidance_max : number in [0, 1e+09], default 0
        Highest level that is guided; 0: all
    trajectory : integer in [0, 100000], default 0
        States of every row to write, evenly over its steps from the start to the end: 2 or more, and out is [n,
        trajectory, ...]; 0: the end alone
    """

    sampler: Literal["auto", "euler", "heun", "rk45", "ddim", "dpmpp_2m", "dpmpp_3m_sde", "predictor_corrector", "annealed_langevin", "underdamped_langevin", "langevin"] | None
    steps: int | Literal["auto"] | None
    seed: int | None
    first_index: int | None
    precision: Literal["float32", "bf16"] | None
    grid: Literal["auto", "edm", "geometric", "uniform"] | None
    rho: float | None
    levels: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    sigma_min: float | None
    sigma_max: float | None
    denoise: bool | Literal["auto"] | None
    tolerance: float | None
    churn: float | None
    churn_min: float | None
    churn_max: float | Literal["auto"] | None
    churn_noise: float | None
    eta: float | Literal["auto"] | None
    predictor: Literal["reverse_diffusion", "ancestral", "euler_maruyama", "none"] | None
    process: Literal["ve", "vp"] | None
    corrector_steps: int | None
    corrector_ratio: float | None
    step_ratio: float | None
    accept: bool | None
    sigma: float | None
    step_size: float | Literal["auto"] | None
    temperature: float | None
    guidance: float | None
    guidance_min: float | None
    guidance_max: float | None
    trajectory: int | None


class ImputeOptions(TypedDict, total=False):
    """Options of Model.impute and Model.sample_posterior.

    sampler : auto | euler | heun | rk45 | ddim | dpmpp_2m | dpmpp_3m_sde | predictor_corrector | annealed_langevin
            | underdamped_langevin | langevin, default auto
        Probability-flow ODE: euler, heun (Karras et al. 2022), rk45 (adaptive), dpmpp_2m (Lu et al. 2022); with
        noise: ddim (Song et al. 2021, by eta), dpmpp_3m_sde, predictor_corrector (Song et al. 2021),
        annealed_langevin (Song & Ermon 2020), underdamped_langevin: steps with momentum; langevin: at one level.
        auto: langevin for a model of one level, else heun; where values are known by method
    steps : integer in [1, 100000000], default auto
        Levels of the grid: heun, rk45 18, dpmpp_2m 25, euler, ddim, dpmpp_3m_sde 50, predictor_corrector 200,
        underdamped_langevin 8 for each factor of e between the highest and the lowest, and with fewer more steps at
        each; annealed_langevin: steps a level, 20; langevin: steps, 1000
    seed : integer in [0, 9223372036854775807], default 0
        Of all that is random
    first_index : integer in [0, 36028797018963968], default 0
        Number of the first row
    precision : float32 | bf16, default float32
        Of the factors of matrix products: bf16 takes half of their time or less with AMX (Intel from Sapphire
        Rapids on) or a fast AVX-512 BF16 (AMD Zen 5); sums, weights and all else stay float32
    grid : auto | edm | geometric | uniform, default auto
        How levels lie: edm (Karras et al. 2022, by rho), geometric, or uniform in sigma; auto: edm, geometric for
        underdamped_langevin
    rho : number in [1, 100], default 7
        edm: how the levels crowd towards the lowest
    levels : numbers, default auto
        The levels themselves, from the highest down, instead of a grid
    sigma_min : number in [0, 1e+09], default 0
        Lowest level of what goes through many; 0: the lowest trained
    sigma_max : number in [0, 1e+09], default 0
        Highest level; 0: the highest trained
    denoise : flag, default auto
        A last step to E[clean | x] (Tweedie); auto: true, but false for langevin and with accept
    tolerance : number in [1e-09, 0.1], default 1e-4
        rk45: error of a step, in deviations of the data
    churn : number in [0, 1e+06], default 0
        euler, heun: S_churn, noise added over all steps (Karras et al. 2022, algorithm 2)
    churn_min : number in [0, 1e+09], default 0
        Lowest level with churn
    churn_max : number in [0, 1e+09], default auto
        Highest level with churn; auto: all
    churn_noise : number in [0, 10], default 1
        S_noise, the deviation of that noise
    eta : number in [0, 1], default auto
        ddim, dpmpp_2m, dpmpp_3m_sde: 0 for the ODE, 1 for the whole noise of the SDE; auto: 0, dpmpp_3m_sde 1
    predictor : reverse_diffusion | ancestral | euler_maruyama | none, default reverse_diffusion
        predictor_corrector: the step of the reverse SDE
    process : ve | vp, default ve
        predictor_corrector: the SDE that is discretised, variance exploding or preserving
    corrector_steps : integer in [0, 10000], default 1
        predictor_corrector: Langevin steps a level
    corrector_ratio : number in [0, 0.9], default 0.16
        predictor_corrector: r of the Langevin steps ε = 2 r² σ², which widen a level by 1/(1 - r²)
    step_ratio : number in [0.001, 1.9], default 1.1
        underdamped_langevin: the time of a step over σ; from 2 on steps would not be stable
    accept : flag, default false
        annealed_langevin: accept or reject (Metropolis) at each level; for models with an energy
    sigma : number in [0, 1e+09], default 0
        langevin: the level; 0: the lowest trained, or 0.1 if that is higher
    step_size : number in [0, 1e+12], default auto
        ε of x' = x + ε s(x) + √(2ε) z, in squared units of the columns' scale; annealed_langevin: at the lowest
        level. auto: by technique 4, and σ²/4 but at most 0.1 for langevin, times a temperature below 1
    temperature : number in [0.001, 1000], default 1
        T of p^(1/T): exact for langevin, elsewhere for Gaussians of up to 128 columns (Ingraham et al. 2023)
    guidance : number in [-1000, 1000], default 1
        w of (1 - w) s(x) + w s(x | class): 1 for the class alone, more to stress it (Ho & Salimans 2022)
    guidance_min : number in [0, 1e+09], default 0
        Lowest level that is guided
    guidance_max : number in [0, 1e+09], default 0
        Highest level that is guided; 0: all
    trajectory : integer in [0, 100000], default 0
        States of every row to write, evenly over its steps from the start to the end: 2 or more, and out is [n,
        trajectory, ...]; 0: the end alone
    method : auto | covariance | replacement | dps | held, default auto
        held: what is known stands still while langevin or underdamped_langevin moves the rest; covariance: the
        score of what is known by the denoised row's covariance, exact for Gaussians, too wide where a law bends
        (Boys et al. 2023); replacement of the known part (Song et al. 2021), too wide wherever columns depend on
        each other; dps (Chung et al. 2023), another approximation. auto: held, but covariance for gaussian, with
        noise, iterations, a sampler that does not hold, and for sums
    noise : number in [0, 1e+12], default 0
        covariance: deviation of the noise in what is known: of values in units of the columns' scale, of sums in
        their own. The lowest level's is added
    iterations : integer in [1, 10000], default 20
        covariance: of conjugate gradients, at most
    strength : number in [0, 1e+06], default 1
        dps: the step against the distance to what is known, ζ of algorithm 1
    """

    sampler: Literal["auto", "euler", "heun", "rk45", "ddim", "dpmpp_2m", "dpmpp_3m_sde", "predictor_corrector", "annealed_langevin", "underdamped_langevin", "langevin"] | None
    steps: int | Literal["auto"] | None
    seed: int | None
    first_index: int | None
    precision: Literal["float32", "bf16"] | None
    grid: Literal["auto", "edm", "geometric", "uniform"] | None
    rho: float | None
    levels: Sequence[float] | NDArray[Any] | float | Literal["auto"] | None
    sigma_min: float | None
    sigma_max: float | None
    denoise: bool | Literal["auto"] | None
    tolerance: float | None
    churn: float | None
    churn_min: float | None
    churn_max: float | Literal["auto"] | None
    churn_noise: float | None
    eta: float | Literal["auto"] | None
    predictor: Literal["reverse_diffusion", "ancestral", "euler_maruyama", "none"] | None
    process: Literal["ve", "vp"] | None
    corrector_steps: int | None
    corrector_ratio: float | None
    step_ratio: float | None
    accept: bool | None
    sigma: float | None
    step_size: float | Literal["auto"] | None
    temperature: float | None
    guidance: float | None
    guidance_min: float | None
    guidance_max: float | None
    trajectory: int | None
    method: Literal["auto", "covariance", "replacement", "dps", "held"] | None
    noise: float | None
    iterations: int | None
    strength: float | None


class EncodeOptions(TypedDict, total=False):
    """Options of Model.encode.

    sigma_min : number in [0, 1e+09], default 0
        Lowest level of what goes through many; 0: the lowest trained
    sigma_max : number in [0, 1e+09], default 0
        Highest level; 0: the highest trained
    tolerance : number in [1e-09, 0.1], default 1e-5
        Error of a step of the flow, in deviations of the data, and of a log density in nats
    """

    sigma_min: float | None
    sigma_max: float | None
    tolerance: float | None


class DecodeOptions(TypedDict, total=False):
    """Options of Model.decode.

    sigma_min : number in [0, 1e+09], default 0
        Lowest level of what goes through many; 0: the lowest trained
    sigma_max : number in [0, 1e+09], default 0
        Highest level; 0: the highest trained
    tolerance : number in [1e-09, 0.1], default 1e-5
        Error of a step of the flow, in deviations of the data, and of a log density in nats
    denoise : flag, default false
        A last step to E[clean | x], after which encode does not lead back
    """

    sigma_min: float | None
    sigma_max: float | None
    tolerance: float | None
    denoise: bool | None


class LikelihoodOptions(TypedDict, total=False):
    """Options of Model.log_likelihood.

    method : auto | flow | density, default auto
        flow: along the probability flow (Song et al. 2021); density: of normalised families, at once. auto: density
        where there is one
    sigma : number in [0, 1e+09], default 0
        The level of the density; 0: the lowest trained
    sigma_max : number in [0, 1e+09], default 0
        Highest level; 0: the highest trained
    tolerance : number in [1e-09, 0.1], default 1e-5
        Error of a step of the flow, in deviations of the data, and of a log density in nats
    trace : auto | exact | hutchinson, default auto
        Of the Jacobian: exact, or estimated along random signs (Hutchinson 1989); auto: exact up to 64 columns
    probes : integer in [1, 256], default 8
        hutchinson: directions a row; the deviation is told from the spread of 2 or more
    unit : nats | bits_per_dimension, default nats
        nats: ln p(x); bits_per_dimension: -log2 p(x)/d
    seed : integer in [0, 9223372036854775807], default 0
        Of the directions
    first_index : integer in [0, 36028797018963968], default 0
        Number of the first row
    """

    method: Literal["auto", "flow", "density"] | None
    sigma: float | None
    sigma_max: float | None
    tolerance: float | None
    trace: Literal["auto", "exact", "hutchinson"] | None
    probes: int | None
    unit: Literal["nats", "bits_per_dimension"] | None
    seed: int | None
    first_index: int | None


class LossOptions(TypedDict, total=False):
    """Options of Model.loss and Model.losses.

    objective : auto | denoising | exact | sliced | sliced_vr | finite_difference | maximum_likelihood, default auto
        auto: denoising for models of many noise levels, else exact. denoising: ½ (σ²/σ_data² + 1) ‖σ s - σ ∇ log
        q‖² over EDM's noise levels, or at `sigma` ½ ‖σ s - σ ∇ log q‖²; the others at `sigma`
    draws : integer in [1, 100000], default 64
        Noise draws a row
    sigma : number in [0, 1e+09], default auto
        The level; 0, auto: the lowest trained
    seed : integer in [0, 9223372036854775807], default 0
        Of the draws
    projections : integer in [1, 1024], default 1
        sliced, sliced_vr, finite_difference: random directions a row
    projection_law : rademacher | gaussian | sphere, default rademacher
        Of the directions: signs, normal, or the sphere of radius √D
    difference_step : number in [1e-06, 1e+06], default auto
        finite_difference: ε, in units of the columns' scale; auto: 0.05 σ_data, since float32 loses the difference
        below 0.01
    noise_kernel : gaussian | laplace | logistic | student_t | caller, default gaussian
        denoising: law of the noise, of unit variance; caller: stein_trainer_set_noise
    degrees : number in [2.01, 10000], default 5
        noise_kernel=student_t: degrees of freedom
    control_variate : flag, default false
        denoising: subtracts t·s(u), of mean 0, which keeps the variance finite at small σ
    boundary_cap : number in [1e-09, 1e+09], default auto
        Models with a domain: distance from which the boundary is not felt, in units of the columns' scale; auto:
        σ_data
    boundary_power : integer in [1, 2], default 1
        Of the distance in the weight; 2 where the density may diverge at the boundary
    """

    objective: Literal["auto", "denoising", "exact", "sliced", "sliced_vr", "finite_difference", "maximum_likelihood"] | None
    draws: int | None
    sigma: float | Literal["auto"] | None
    seed: int | None
    projections: int | None
    projection_law: Literal["rademacher", "gaussian", "sphere"] | None
    difference_step: float | Literal["auto"] | None
    noise_kernel: Literal["gaussian", "laplace", "logistic", "student_t", "caller"] | None
    degrees: float | None
    control_variate: bool | None
    boundary_cap: float | Literal["auto"] | None
    boundary_power: int | None


class DenoisingOptions(TypedDict, total=False):
    """Options of Model.denoise_error.

    draws : integer in [1, 100000], default 4
        Noise draws a row
    reference : integer in [1, 1000000], default 2000
        At most so many rows make the exact denoiser; evenly chosen
    seed : integer in [0, 9223372036854775807], default 0
        Of the draws
    """

    draws: int | None
    reference: int | None
    seed: int | None


class ImportOptions(TypedDict, total=False):
    """Options of Model.import_weights.

    prefix : text, default none
        Of the names of the layers to take, where a file holds others too
    sigma_min : number in [0, 1e+09], default auto
        Lowest level that the network was trained for
    sigma_max : number in [0, 1e+09], default auto
        Highest level
    unconditional : flag, default false
        Whether it was also trained without a class
    """

    prefix: str | None
    sigma_min: float | Literal["auto"] | None
    sigma_max: float | Literal["auto"] | None
    unconditional: bool | None


class ChainsOptions(TypedDict, total=False):
    """Options of stein.Chains.

    kernel : langevin | mala | underdamped | hmc | nuts, default nuts
        langevin: unadjusted; mala; underdamped: BAOAB (Leimkuhler & Matthews 2013); hmc; nuts: multinomial
        (Betancourt 2017)
    chains : integer in [1, 1000000], default 4
        Chains side by side
    warmup : integer in [0, 1000000000], default auto
        Transitions before the first draw, in which step size and metric adapt; auto: 1000, 0 for langevin and
        underdamped
    thin : integer in [1, 1000000], default 1
        Transitions a draw
    step_size : number in [1e-300, 1e+300], default auto
        ε of x' = x + ε s(x) + √(2ε) z for langevin and mala, h of a leapfrog or BAOAB step for the others, in units
        of the metric; where kernels adapt, the first one. auto: found by doubling, 0.01 without warm-up (hmc, nuts
        0.1)
    target_acceptance : number in [0.01, 0.999], default auto
        What the step size is adapted to; auto: 0.8, mala 0.574
    metric : auto | identity | diagonal | dense, default auto
        The covariance that warm-up estimates; auto: diagonal where kernels adapt
    leapfrog_steps : integer in [1, 1000000], default 20
        hmc: at most so many a transition, drawn evenly from 1 on
    max_tree_depth : integer in [1, 24], default 10
        nuts: doublings
    friction : number in [0, 1e+06], default 1
        underdamped: γ, per unit of time
    seed : integer in [0, 9223372036854775807], default 0
        Of all that is random
    """

    kernel: Literal["langevin", "mala", "underdamped", "hmc", "nuts"] | None
    chains: int | None
    warmup: int | Literal["auto"] | None
    thin: int | None
    step_size: float | Literal["auto"] | None
    target_acceptance: float | Literal["auto"] | None
    metric: Literal["auto", "identity", "diagonal", "dense"] | None
    leapfrog_steps: int | None
    max_tree_depth: int | None
    friction: float | None
    seed: int | None


class KernelSteinOptions(TypedDict, total=False):
    """Options of stein.kernel_stein_discrepancy.

    kernel : imq | gaussian, default imq
        imq: (1 + r²/length²)^exponent, which sees that draws do not converge (Gorham & Mackey 2017); gaussian:
        exp(-r²/(2 length²))
    length : number in [1e-09, 1e+09], default auto
        Of the kernel, in scaled units; auto: 1 for imq, the median distance of rows for gaussian
    exponent : number in [-0.999, -0.001], default -0.5
        imq: β
    scale : deviation | robust | none, default deviation
        What columns are divided by; each column by its standard deviation, scores are multiplied by it. robust:
        1.4826 times the median distance from the median; none: 1
    statistic : u | v, default u
        u: the mean over pairs i ≠ j, unbiased for independent rows; v: over all pairs, the square of a distance.
        They have the same p-value
    bootstraps : integer in [1, 100000], default 1000
        Paths of signs for the p-value
    change_probability : number in [1e-06, 0.5], default auto
        Of a sign from one row to the next (Chwialkowski et al. 2016): 0.5 for independent rows in any order, less
        for draws of a chain. auto: 0.5 / (1 + 5 (τ - 1)), τ the longest autocorrelation time of x, s and x s in any
        column, 1 or more
    seed : integer in [0, 9223372036854775807], default 0
        Of the signs
    """

    kernel: Literal["imq", "gaussian"] | None
    length: float | Literal["auto"] | None
    exponent: float | None
    scale: Literal["deviation", "robust", "none"] | None
    statistic: Literal["u", "v"] | None
    bootstraps: int | None
    change_probability: float | Literal["auto"] | None
    seed: int | None


class WassersteinOptions(TypedDict, total=False):
    """Options of stein.sliced_wasserstein.

    order : integer in [1, 2], default 2
        p of the distance
    projections : integer in [1, 1000000], default 500
        Directions, uniform on the sphere
    scale : deviation | robust | none, default none
        What columns are divided by; none: distances in the data's units, of a and b together. robust: 1.4826 times
        the median distance from the median; none: 1
    seed : integer in [0, 9223372036854775807], default 0
        Of the directions
    """

    order: int | None
    projections: int | None
    scale: Literal["deviation", "robust", "none"] | None
    seed: int | None


class MeanDiscrepancyOptions(TypedDict, total=False):
    """Options of stein.maximum_mean_discrepancy.

    kernel : imq | gaussian, default gaussian
        gaussian: exp(-r²/(2 length²)); imq: (1 + r²/length²)^exponent
    length : number in [1e-09, 1e+09], default auto
        Of the kernel, in scaled units; auto: the median distance of rows, a and b together
    exponent : number in [-0.999, -0.001], default -0.5
        imq: β
    scale : deviation | robust | none, default deviation
        What columns are divided by; each column by its standard deviation, of a and b together. robust: 1.4826
        times the median distance from the median; none: 1
    permutations : integer in [1, 100000], default 1000
        Of the labels, for the p-value
    seed : integer in [0, 9223372036854775807], default 0
        Of the permutations
    """

    kernel: Literal["imq", "gaussian"] | None
    length: float | Literal["auto"] | None
    exponent: float | None
    scale: Literal["deviation", "robust", "none"] | None
    permutations: int | None
    seed: int | None
