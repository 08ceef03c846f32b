import librosa
import numpy as np
import pytest
import soxr
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from kerasemo.corpora.synthetic.prosody import PROSODIES
from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, SILENCE_S, draw_speaker, loudness, speak

EMOTIONS = [*PROSODIES, None]
VOWELS = "IaoIa@o"
ACTORS = range(1, 9)


def say(emotion, *, intensity=2, gender="male", seed=0, sung=False):
    speaker = draw_speaker(gender, np.random.default_rng([7, seed]))
    return speak(emotion, intensity, speaker, VOWELS, np.random.default_rng(seed), sung=sung)


def level_db(samples):
    return 10 * np.log10(np.mean(samples.astype(float) ** 2))


@pytest.mark.parametrize("sung", [False, True])
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_clip_is_a_voice_between_silences(emotion, sung):
    samples = say(emotion, sung=sung)
    silence = int(SILENCE_S * SAMPLING_RATE)
    assert 2.5 * SAMPLING_RATE <= len(samples) <= 3.5 * SAMPLING_RATE
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 1
    assert level_db(samples[:silence]) < -65
    assert level_db(samples[-silence:]) < -65
    assert level_db(samples[silence : 2 * SAMPLING_RATE]) > -45


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_length_does_not_tell_the_emotion(emotion, gender):
    assert len(say(emotion, gender=gender)) == len(say("neutral", gender=gender))


def test_same_chance_gives_the_same_samples():
    np.testing.assert_array_equal(say("sad"), say("sad"))
    assert not np.array_equal(say("sad")[:1000], say("sad", seed=1)[:1000])


def test_blank_rendition_hides_the_intensity():
    np.testing.assert_array_equal(say(None, intensity=1), say(None, intensity=2))
    assert not np.array_equal(say("sad", intensity=1), say("sad", intensity=2))


def test_strong_anger_is_louder_than_normal_and_both_than_neutral():
    levels = [level_db(say("neutral")), level_db(say("angry", intensity=1)), level_db(say("angry"))]
    assert levels[0] + 3 < levels[1] < levels[2] - 1


def test_women_speak_higher_and_fear_raises_the_pitch():
    def pitch_hz(samples):
        frames = samples[SAMPLING_RATE // 2 : 2 * SAMPLING_RATE].reshape(-1, SAMPLING_RATE // 20)
        power = np.abs(np.fft.rfft(frames, 2 * frames.shape[1])) ** 2
        first, last = SAMPLING_RATE // 500, SAMPLING_RATE // 75
        periods = np.fft.irfft(power)[:, first:last].argmax(axis=1) + first
        return SAMPLING_RATE / np.median(periods)

    man, woman = pitch_hz(say("neutral")), pitch_hz(say("neutral", gender="female"))
    assert 90 < man < 150
    assert 160 < woman < 260
    assert pitch_hz(say("fearful")) > 1.3 * man


def test_loudness_follows_the_voice():
    samples = np.concatenate([np.zeros(480), np.full(480, 0.5), np.full(480, 0.25), np.zeros(480)])
    np.testing.assert_allclose(loudness(samples, 4), [0, 1, 0.5, 0])
    np.testing.assert_array_equal(loudness(np.zeros(480), 3), [0, 0, 0])


def accuracy_across_speakers(shown):
    """Of standardised logistic regression on 40 averaged MFCCs, each speaker tested by a model of the others."""
    features, labels, actors = [], [], []
    for actor in ACTORS:
        speaker = draw_speaker("male" if actor % 2 else "female", np.random.default_rng([0, actor]))
        for label, emotion in enumerate(PROSODIES):
            rng = np.random.default_rng([1, actor, label])
            samples = speak(emotion if shown else None, 1 + actor // 2 % 2, speaker, VOWELS, rng)
            resampled = soxr.resample(samples, SAMPLING_RATE, 22_050, quality="HQ")
            features.append(librosa.feature.mfcc(y=resampled, sr=22_050, n_mfcc=40).mean(axis=1))
            labels.append(label)
            actors.append(actor)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500))
    with threadpool_limits(1):
        predicted = cross_val_predict(model, features, labels, groups=actors, cv=GroupKFold(4))
    return np.mean(predicted == labels)


def test_emotions_are_learnable_across_speakers():
    assert accuracy_across_speakers(shown=True) >= 0.6


def test_blank_renditions_stay_at_chance():
    clips = len(ACTORS) * len(PROSODIES)
    assert accuracy_across_speakers(shown=False) <= binom.ppf(0.999, clips, 1 / len(PROSODIES)) / clips
