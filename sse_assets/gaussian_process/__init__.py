"""A Gaussian process from composition, chemistry and cell to conductivity, with intervals and evidence."""

from sse_assets.gaussian_process.training import TrainedProcesses, train_gaussian_process

__all__ = ["TrainedProcesses", "train_gaussian_process"]
