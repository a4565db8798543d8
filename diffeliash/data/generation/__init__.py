"""Generation of data sets: samples, shards, resumption after an interruption, verification and repair."""

from ._draw_samples import draw_samples as draw_samples
from ._generate import GenerateReport as GenerateReport
from ._generate import generate as generate
from ._generate import shards_of_worker as shards_of_worker
from ._sample_record import sample_key as sample_key
from ._sample_record import sample_record as sample_record
from ._verify_dataset import repair_dataset as repair_dataset
from ._verify_dataset import verify_dataset as verify_dataset
