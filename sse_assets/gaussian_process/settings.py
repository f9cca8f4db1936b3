"""What the process is told: which descriptors its kernel compares, and how fast likeness fades."""

from dataclasses import dataclass, field

from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, WhiteKernel

from sse_assets.gaussian_process.inputs import Inputs
from sse_assets.gaussian_process.kernels import AbsoluteExponential, SamePaper


@dataclass(frozen=True)
class GaussianProcessSettings:
    """Name the constants of the kernel

    [exp(−L1/a) + exp(−ElMD/b)] · exp(−d_chem/c) · exp(−d_cell/d) + e·[same paper] + f·I

    with the distances of `inputs.Inputs`. A factor whose block is empty is left out. With whole papers held
    out the error hardly changes when a constant is doubled or halved. The largest marginal likelihood is no
    better guide. On 500 of OBELiX's and LiIon's rows it puts the scatter down to papers (e becomes 1.6), and
    with whole papers held out its constants err by 1.13 where the defaults err by 1.00.
    """

    fractions_length: float = 0.5
    """a: in summed atomic fraction."""
    cumulative_length: float = 8.0
    """b: in steps of the Pettifor scale."""
    chemistry_length: float = 4.0
    """c: in mean z-scores."""
    cell_length: float = 1.0
    """d: in mean z-scores."""
    paper_variance: float = 0.05
    """e: of what the rows of one paper have in common, relative to the first term, which is 2."""
    noise_variance: float = 0.2
    """f: of what repeats of one composition differ by, likewise."""
    optimise: bool = False
    """Whether to go from here to the largest marginal likelihood; else the constants stay as they are."""

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Lengths over which likeness fades: of fractions, chemistry and cell."""
        return self.fractions_length, self.chemistry_length, self.cell_length

    def kernel(self, inputs: Inputs) -> Kernel:
        """Build the kernel for rows laid out by `inputs`."""
        blocks = inputs.blocks
        kernel = AbsoluteExponential(*blocks["fractions"], self.fractions_length) + AbsoluteExponential(
            *blocks["cumulative"], self.cumulative_length
        )
        if inputs.chemistry:
            kernel *= AbsoluteExponential(*blocks["chemistry"], self.chemistry_length)
        if inputs.cell:
            kernel *= AbsoluteExponential(*blocks["cell"], self.cell_length)
        if self.paper_variance:
            kernel += ConstantKernel(self.paper_variance, (1e-4, 1e1)) * SamePaper(inputs.paper_column)
        return kernel + WhiteKernel(self.noise_variance, (1e-3, 1e1))


@dataclass(frozen=True)
class ProcessDesign:
    """What a process compares, and its constants."""

    chemistry: tuple[str, ...] = ()
    """Columns of the chemistry factor; none leaves it out."""
    cell: tuple[str, ...] = ()
    """Columns of the cell factor, likewise."""
    settings: GaussianProcessSettings = field(default_factory=GaussianProcessSettings)
