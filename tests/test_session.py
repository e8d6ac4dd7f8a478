"""A session computes as fast as the processor can, and right."""

import numpy as np
import pytest

from lesson import training

training.tf.disable_eager_execution()


@pytest.mark.parametrize(
    ('flags', 'limit', 'fast'),
    [
        ('avx512f avx512_bf16', None, True),
        ('avx512f amx_bf16 amx_tile', 'DEFAULT', True),
        ('avx512f avx512_bf16', 'AVX512_CORE_BF16', True),
        ('avx512f avx512_bf16', 'AVX512_CORE_AMX', True),
        ('avx512f avx512_bf16', 'AVX512_CORE', False),
        ('avx512f avx512_bf16', 'AVX2', False),
        ('avx512f avx512_vnni', None, False),
        ('neon bf16', None, False),
    ],
)
def test_bfloat16_is_used_where_the_processor_has_it_and_onednn_may_use_it(monkeypatch, flags, limit, fast):
    monkeypatch.setattr(training.Path, 'exists', lambda path: True)
    monkeypatch.setattr(training.Path, 'read_text', lambda path: f'flags : fpu {flags}\n')
    monkeypatch.delenv('ONEDNN_MAX_CPU_ISA', raising=False)
    if limit:
        monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', limit)
    assert training.has_fast_bfloat16() == fast


@pytest.mark.parametrize(('bfloat16', 'error'), [(False, 1e-6), (True, 1e-2)])
def test_convolutions_are_as_exact_as_their_type(bfloat16, error):
    tf = training.tf
    rng = np.random.default_rng(0)
    images, window = rng.normal(size=(4, 8, 8, 16)), rng.normal(size=(2, 2, 16, 16))
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 8, 8, 16])
        w = tf.get_variable('w', initializer=tf.constant(window, tf.float32))
        y = tf.nn.conv2d(x, w, strides=2, padding='SAME')
        z = tf.nn.conv2d(tf.nn.relu(y), w, strides=2, padding='SAME')
    with training.session(graph, bfloat16) as sess:
        computed = sess.run(z, {x: images})

    def convolve(x):
        n = x.shape[1] // 2
        patches = x.reshape(len(x), n, 2, n, 2, -1).transpose(0, 1, 3, 2, 4, 5).reshape(len(x), n, n, -1)
        return patches @ window.reshape(-1, 16)

    expected = convolve(np.maximum(convolve(images), 0))
    assert np.abs(computed - expected).max() < error * np.abs(expected).max()


def test_a_session_has_its_variables_initialized_and_its_graph_finalized():
    tf = training.tf
    with tf.Graph().as_default() as graph:
        three = tf.get_variable('three', initializer=3.0)
    with training.session(graph) as sess:
        assert sess.run(three) == 3
    with pytest.raises(RuntimeError, match='finalized'), graph.as_default():
        tf.constant(1.0)
