import struct

import av
import numpy as np
import pytest
import soundfile

from kerasemo.errors import BrokenClip
from kerasemo.features.media import frame_span, read_audio, read_blocks, read_frames, require_whole


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "PCM_U8"])
def test_wavs_of_every_depth_read_as_soundfile_reads_them(media, tmp_path, subtype):
    path = media.write_wav(tmp_path / "a.wav", subtype=subtype)
    samples, rate = read_audio(path)
    assert rate == 8000
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, soundfile.read(path, dtype="float32")[0])
    np.testing.assert_allclose(samples, media.tone(), atol=2 / 128 if subtype == "PCM_U8" else 1e-4)


def test_flac_and_ogg_read_too(media, tmp_path):
    for name in ["a.flac", "a.ogg"]:
        soundfile.write(tmp_path / name, media.tone(), 8000)
        np.testing.assert_allclose(read_audio(tmp_path / name)[0], media.tone(), atol=0.1)


def test_mono_is_the_mean_of_the_channels(media, tmp_path):
    left, right = media.tone(hertz=300), media.tone(hertz=500)
    path = media.write_wav(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(path)[0], (left + right) / 2)


def test_float_samples_beyond_one_are_kept(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav", 3 * media.tone(), subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(path)[0], 3 * media.tone())


@pytest.mark.parametrize(("start_s", "end_s"), [(0.1, None), (None, 0.2), (0.1, 0.2), (0.29, 9.0)])
def test_a_part_of_a_wav_is_that_part(media, tmp_path, start_s, end_s):
    path = media.write_wav(tmp_path / "a.wav", rate=100, samples=np.arange(50) / 64, subtype="FLOAT")
    first = round(100 * (start_s or 0))
    last = 50 if end_s is None else min(round(100 * end_s), 50)
    np.testing.assert_array_equal(read_audio(path, start_s, end_s)[0] * 64, np.arange(first, last))


def patch_size(path, chunk, size):
    """Write another size into the header of one chunk."""
    content = bytearray(path.read_bytes())
    at = content.index(chunk) + 4
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(content)


@pytest.mark.parametrize(("riff", "data"), [(8, 0), (0x7FFFF024, 0x7FFFF000), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_wav_whose_length_was_never_filled_in_is_read_to_its_end(media, tmp_path, riff, data):
    path = media.write_wav(tmp_path / "a.wav")
    expected = read_audio(path)[0]
    patch_size(path, b"data", data)
    patch_size(path, b"RIFF", riff)
    np.testing.assert_array_equal(read_audio(path)[0], expected)


def test_chunks_before_and_behind_the_samples_do_no_harm(media, tmp_path):
    path = media.write_wav(tmp_path / "a.wav")
    expected = read_audio(path)[0]
    content = path.read_bytes()
    at = content.index(b"data")
    extra = b"FLLR" + struct.pack("<I", 5) + bytes(6)  # an odd chunk is padded
    path.write_bytes(content[:at] + extra + content[at:] + b"LIST" + struct.pack("<I", 400) + b"cut")
    np.testing.assert_array_equal(read_audio(path)[0], expected)


def test_sound_of_a_container_is_its_sound(media, tmp_path):
    path = media.write_video(
        tmp_path / "a.avi", media.grey_pictures([0] * 5), samples=media.tone(), sound_codec="pcm_s16le"
    )
    samples, rate = read_audio(path)
    assert (rate, samples.dtype) == (8000, np.float32)
    np.testing.assert_allclose(samples, media.tone(), atol=1 / 32768)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_s24le"])
def test_sample_formats_of_containers(media, tmp_path, codec):
    path = media.write_video(tmp_path / "a.mkv", samples=media.tone(), sound_codec=codec)
    np.testing.assert_allclose(read_audio(path)[0], media.tone(), atol=1 / 128 if codec == "pcm_u8" else 1e-4)


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_mono_of_a_container_is_the_mean_of_its_channels(media, tmp_path, codec):
    left, right = media.tone(hertz=300), media.tone(hertz=500)
    path = media.write_video(tmp_path / "a.mkv", samples=np.stack([left, right]), sound_codec=codec)
    np.testing.assert_allclose(read_audio(path)[0], (left + right) / 2, atol=1 / 32768)


def test_a_part_of_a_container_is_that_part_of_its_sound(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", samples=media.tone(seconds=3.0), rate=8000)
    complete, _ = read_audio(path)
    for start_s, end_s in [(None, 0.7), (1.3, None), (1.3, 2.1)]:
        part, _ = read_audio(path, start_s, end_s)
        first, last = round((start_s or 0) * 8000), len(complete) if end_s is None else round(end_s * 8000)
        np.testing.assert_array_equal(part, complete[first:last])


@pytest.mark.parametrize("suffix", [".wav", ".mp4"])
@pytest.mark.parametrize(("start_s", "end_s"), [(None, None), (1.3, 3.4), (None, 2.0)])
def test_blocks_are_the_same_sound(media, tmp_path, suffix, start_s, end_s, monkeypatch):
    sound, path = media.tone(seconds=3.7), tmp_path / f"a{suffix}"
    media.write_wav(path, sound) if suffix == ".wav" else media.write_video(path, samples=sound)
    whole, rate = read_audio(path, start_s, end_s)
    monkeypatch.setattr("kerasemo.features.media.BLOCK_S", 1)
    blocks, rates = zip(*read_blocks(path, start_s, end_s), strict=True)
    assert set(rates) == {rate} and len(blocks) >= 2 and max(map(len, blocks)) <= 1.2 * rate
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_blocks_end_where_the_sound_is_broken(media, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasemo.features.media.BLOCK_S", 1)
    samples = media.tone(seconds=2.5)
    samples[-7] = np.nan
    blocks = read_blocks(media.write_wav(tmp_path / "nan.wav", samples, subtype="FLOAT"))
    assert [len(samples) for samples, _ in (next(blocks), next(blocks))] == [8000, 8000]
    with pytest.raises(BrokenClip, match="holds NaN"):
        next(blocks)


def broken_sounds(media, folder):
    """Name -> what the sentence must say; the files are written."""
    wav = media.write_wav(folder / "truncated.wav")
    wav.write_bytes(wav.read_bytes()[:-1000])
    late = media.write_wav(folder / "cut_in_header.wav")
    late.write_bytes(late.read_bytes()[:30])
    flac = folder / "truncated.flac"
    soundfile.write(flac, np.random.default_rng(0).uniform(-0.5, 0.5, 30000), 8000)
    flac.write_bytes(flac.read_bytes()[:20000])
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("no sound here\n" * 20)
    (folder / "text.mp4").write_text("no video here\n" * 20)
    (folder / "samples.raw").write_bytes(bytes(100))
    (folder / "folder.wav").mkdir()
    media.write_wav(folder / "no_samples.wav", np.empty(0, np.float32))
    for name, value in [("nan.wav", np.nan), ("infinite.wav", -np.inf)]:
        samples = media.tone()
        samples[7] = value
        media.write_wav(folder / name, samples, subtype="FLOAT")
    media.write_video(folder / "silent.mp4", media.grey_pictures([0] * 5))
    cut = media.write_video(folder / "truncated.mp4", media.grey_pictures([0] * 5), samples=media.tone())
    cut.write_bytes(cut.read_bytes()[:-200])
    return {
        "missing.wav": "does not exist",
        "missing.mp4": "does not exist",
        "empty.wav": "is empty",
        "truncated.wav": "is truncated",
        "cut_in_header.wav": "is truncated|no sound file",
        "truncated.flac": "is truncated|damaged",
        "text.wav": "no sound file",
        "text.mp4": "no media file",
        "samples.raw": "no sound file",
        "folder.wav": "cannot be read",
        "no_samples.wav": "holds no samples",
        "nan.wav": "holds NaN",
        "infinite.wav": "infinite samples",
        "silent.mp4": "has no sound stream",
        "truncated.mp4": "is truncated",
    }


def test_each_broken_sound_says_what_is_wrong_in_one_sentence(media, tmp_path):
    for name, words in broken_sounds(media, tmp_path).items():
        with pytest.raises(BrokenClip, match=words) as caught:
            read_audio(tmp_path / name)
        message = str(caught.value)
        assert name in message
        assert "\n" not in message
        assert message.endswith(".")


def test_a_clip_that_begins_after_its_file_ends_is_broken(media, tmp_path):
    wav = media.write_wav(tmp_path / "a.wav")
    video = media.write_video(tmp_path / "a.mp4", media.grey_pictures([0] * 5), samples=media.tone())
    for path in [wav, video]:
        with pytest.raises(BrokenClip, match="no samples from 5 s on"):
            read_audio(path, 5.0, 6.0)
    with pytest.raises(BrokenClip, match="no frames from 5 s on"):
        list(read_frames(video, 0.5, 2, 5.0))


def levels(groups):
    return [(round(time_s, 3), [round(float(frame.mean()) / 10) for frame in frames]) for time_s, frames in groups]


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_frames_come_in_groups_with_their_times(media, tmp_path, name):
    path = media.write_video(tmp_path / name, media.grey_pictures(range(0, 130, 10)))
    assert levels(read_frames(path, 0.5, 2)) == [(0.0, [0, 1]), (0.5, [5, 6]), (1.0, [10, 11])]
    assert levels(read_frames(path, 0.4, 1)) == [(0.0, [0]), (0.4, [4]), (0.8, [8]), (1.2, [12])]


def test_frames_of_a_part(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 130, 10)))
    assert levels(read_frames(path, 0.5, 2, 0.3)) == [(0.0, [3, 4]), (0.5, [8, 9])]
    assert levels(read_frames(path, 0.5, 2, 0.3, 0.9)) == [(0.0, [3, 4]), (0.5, [8])]
    assert levels(read_frames(path, 0.5, 2, None, 0.5)) == [(0.0, [0, 1])]


def test_groups_may_overlap_and_never_stand_twice(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([0, 10, 20, 30]))
    expected = [(0.0, [0, 1, 2]), (0.1, [1, 2, 3]), (0.2, [2, 3]), (0.3, [3])]
    assert levels(read_frames(path, 0.1, 3)) == expected
    assert levels(read_frames(path, 0.01, 3)) == expected


def test_colours_are_red_green_blue(media, tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    [(_, [frame])] = read_frames(media.write_video(tmp_path / "a.mp4", [red]), 0.5, 2)
    np.testing.assert_allclose(frame.reshape(-1, 3).mean(axis=0), [200, 0, 0], atol=6)


def test_each_broken_video_says_what_is_wrong(media, tmp_path):
    media.write_video(tmp_path / "sound.mp4", samples=media.tone())
    cut = media.write_video(tmp_path / "truncated.mp4", media.grey_pictures(range(0, 130, 10)))
    content = cut.read_bytes()
    for name, words in {"sound.mp4": "has no video stream", "missing.mp4": "does not exist"}.items():
        with pytest.raises(BrokenClip, match=words):
            list(read_frames(tmp_path / name, 0.5, 2))
    for part in [0.9, 0.5, 0.1]:
        cut.write_bytes(content[: int(part * len(content))])
        with pytest.raises(BrokenClip, match="is truncated"):
            list(read_frames(cut, 0.5, 2))


def test_an_mp4_with_its_index_in_front_is_truncated_though_it_opens(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 130, 10)))
    content = path.read_bytes()
    boxes = {}
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        boxes[content[at + 4 : at + 8]] = content[at : at + size]
        at += size
    path.write_bytes(boxes[b"ftyp"] + boxes[b"moov"] + boxes[b"mdat"][:-100])
    with pytest.raises(BrokenClip, match="is truncated"):
        require_whole(path)


def test_a_truncated_avi_is_broken(media, tmp_path):
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures(range(0, 130, 10)))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(BrokenClip, match="is truncated"):
        list(read_frames(path, 0.5, 2))


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
@pytest.mark.parametrize(
    ("start_s", "end_s", "span"),
    [
        (None, None, (0.0, 1.2)),
        (0.35, None, (0.4, 1.2)),
        (None, 0.9, (0.0, 0.8)),
        (0.4, 0.55, (0.4, 0.5)),
        (1, 9, (1, 1.2)),
    ],
)
def test_the_span_of_frames_is_that_of_the_frames_read(media, tmp_path, name, start_s, end_s, span):
    """Also where the sound goes on after the last frame."""
    path = media.write_video(tmp_path / name, media.grey_pictures([90] * 13), samples=media.tone(3.0))
    np.testing.assert_allclose(frame_span(path, start_s, end_s), span, atol=1e-3)
    times = [time_s + (start_s or 0.0) for time_s, _ in read_frames(path, 0.01, 1, start_s, end_s)]
    np.testing.assert_allclose((times[0], times[-1]), span, atol=1e-3)


def test_a_span_without_frames_is_broken(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([90] * 5))
    with pytest.raises(BrokenClip, match="holds no frames from 2 s on"):
        frame_span(path, 2.0)
    with pytest.raises(BrokenClip, match="has no video stream"):
        frame_span(media.write_video(tmp_path / "b.mp4", samples=media.tone()))


@pytest.mark.parametrize(
    ("name", "start_s", "end_s"),
    [
        *((f"a.{suffix}", *part) for suffix in ("mp4", "mkv", "mov", "flv") for part in ((None, None), (0.4, 2.7))),
        ("a.avi", None, None),  # its times do not have the order of the frames
    ],
)
def test_frames_are_those_of_decoding_everything_although_some_are_left_out(tmp_path, name, start_s, end_s):
    path = write_video_with_frames_between_others(tmp_path / name)
    with av.open(str(path)) as container:
        origin_s = (container.start_time or 0) / av.time_base
        every = [(frame.time - origin_s, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    every = [(time_s - (start_s or 0.0), picture) for time_s, picture in every if time_s < (end_s or np.inf)]
    every = [(time_s, picture) for time_s, picture in every if time_s >= -0.001]
    for every_s, consecutive in ((0.5, 2), (0.3, 1), (0.05, 3)):
        groups, next_s = read_frames(path, every_s, consecutive, start_s, end_s), 0.0
        for number, (time_s, _) in enumerate(every):
            if time_s >= next_s - 0.001:
                found_s, pictures = next(groups)
                assert found_s == pytest.approx(time_s)
                np.testing.assert_array_equal(pictures, [picture for _, picture in every[number:][:consecutive]])
                next_s = every_s * (np.floor((time_s + 0.001) / every_s) + 1)
        assert next(groups, None) is None


def write_video_with_frames_between_others(path):
    """Write moving noise in H.264, of which two of three frames are decoded from frames before and after them."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 160, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"bf": "2", "b_strategy": "0", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(70):
            picture = np.ascontiguousarray(np.roll(noise, -number, axis=1)[:, :64])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
