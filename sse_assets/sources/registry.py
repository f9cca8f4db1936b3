"""The public files that the project reads: where they are, what they must hash to, and whom to cite."""

from dataclasses import dataclass

_OBELIX_COMMIT = "https://raw.githubusercontent.com/NRC-Mila/OBELiX/4eaac889809dd489e3bae468c45d5c0e02b9147a"
_OBELIX_CITATION = "OBELiX: F. Therrien et al. (2025), arXiv 2502.14234"
_LIION_CITATION = (
    "Liverpool Ionics Dataset: C. J. Hargreaves et al., npj Comput. Mater. 9, 9 (2023), "
    "doi:10.1038/s41524-022-00951-z"
)


@dataclass(frozen=True)
class Source:
    """A data source: what it is called, on what terms, whom to cite, and the hash of what was read.

    `sha256` is empty where the source is asked over the network and has no fixed content.
    """

    name: str
    licence: str
    citation: str
    sha256: str


@dataclass(frozen=True)
class RemoteFile:
    """One upstream file at one version."""

    mirror_path: str
    """Its path below a data mirror, and below the download cache."""
    url: str
    sha256: str
    licence: str
    citation: str


OBELIX_TABLE = RemoteFile(
    "obelix/all.csv",
    f"{_OBELIX_COMMIT}/data/downloads/all.csv",
    "54f6265ef84d16a919d08c6815f14b0fd7465fa00090bee2511c16c042e57f3c",
    "CC BY 4.0",
    _OBELIX_CITATION,
)
OBELIX_CIFS = RemoteFile(
    "obelix/all_cifs.tar.gz",
    f"{_OBELIX_COMMIT}/data/downloads/all_cifs.tar.gz",
    "bfa2a3c92e3b8ca1b9859992e686c9e19f98924e7ff369c05db7006548217d49",
    "CC BY 4.0",
    _OBELIX_CITATION,
)
OBELIX_TRAIN_IDS = RemoteFile(
    "obelix/train_idx.csv",
    f"{_OBELIX_COMMIT}/data/train_idx.csv",
    "6bd506b34d431ff233880147f934369e3d7c7f739299e10284e32927f502775a",
    "CC BY 4.0",
    _OBELIX_CITATION,
)
OBELIX_TEST_IDS = RemoteFile(
    "obelix/test_idx.csv",
    f"{_OBELIX_COMMIT}/data/test_idx.csv",
    "0ad4cfaf5a61e85e228b2e0782a97b01469d08ac481b553622b91035a8ec719d",
    "CC BY 4.0",
    _OBELIX_CITATION,
)
LIION_TABLE = RemoteFile(
    "liion/LiIonDatabase.csv",
    f"{_OBELIX_COMMIT}/data/misc/LiIonDatabase.csv",
    "d24ed972b88c3aba14194b6f9347fb3c8e8f9249b82fec22d961e709c1c06e5d",
    "as on the dataset's page; cite Hargreaves et al. 2023",
    _LIION_CITATION,
)

ALL_FILES = (OBELIX_TABLE, OBELIX_CIFS, OBELIX_TRAIN_IDS, OBELIX_TEST_IDS, LIION_TABLE)
