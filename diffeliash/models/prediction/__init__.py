"""Predictions: a2F of one function by a trained network, with error bars, and whether the answer can be trusted."""

from ._predict import predict as predict
from ._predict import predict_function as predict_function
from ._predict import setting_for_a2f as setting_for_a2f
from ._predict_spectrum import predict_spectrum as predict_spectrum
from ._predict_spectrum import relative_noise as relative_noise
from ._prediction import Prediction as Prediction
from ._prediction_notes import prediction_notes as prediction_notes
