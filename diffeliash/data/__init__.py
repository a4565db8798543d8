"""Random families, data sets on disk, and the files of other programs."""

from ._dataset import Dataset as Dataset
from ._dataset import Split as Split
from ._dataset import read_dataset as read_dataset
from ._dataset import split_rows as split_rows
from ._dataset import verify_dataset as verify_dataset
from ._families import ComplexFamily as ComplexFamily
from ._features import GapFunction as GapFunction
from ._features import feature_grid as feature_grid
from ._features import gap_features as gap_features
from ._formats import FORMATS as FORMATS
from ._gap_files import GapFile as GapFile
from ._gap_files import read_gap as read_gap
from ._gap_files import write_solution as write_solution
from ._generate import FAMILIES as FAMILIES
from ._generate import GenerateConfig as GenerateConfig
from ._generate import GenerateReport as GenerateReport
from ._generate import generate as generate
from ._generate import sample_record as sample_record
from ._readers import SpectrumFile as SpectrumFile
from ._readers import read_spectrum as read_spectrum
from ._readers import read_spectrum_file as read_spectrum_file
from ._schema import MANIFEST as MANIFEST
from ._storage import software_versions as software_versions
from ._storage import write_file as write_file
