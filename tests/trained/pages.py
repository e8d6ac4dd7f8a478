"""The playground in a window of a real browser."""

import time

import numpy as np


class Page:
    """The playground in a browser window of its own; with a text, that is written to the path first."""

    def __init__(self, browser, path, text=None, **settings):
        if text:
            path.write_text(f'<!DOCTYPE html><meta name="viewport" content="width=device-width">{text}', 'utf-8')
        self.context = browser.new_context(**{'reduced_motion': 'reduce'} | settings)
        self.context.set_default_timeout(120_000)  # milliseconds: other tests may be at work
        self.page = self.context.new_page()
        self.requests, self.errors = [], []
        self.context.on('request', lambda request: self.requests.append(request.url))
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.page.on('console', lambda said: self.errors.extend([said.text] * (said.type == 'error')))
        self.page.goto(path.as_uri())
        self.frame = self.page.frames[-1]  # of a notebook; without one, the page itself
        self.settle()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """No error, and no request to anywhere."""
        outside = [url for url in self.requests if not url.startswith(('file:', 'data:', 'blob:', 'about:'))]
        assert (self.errors, outside) == ([], [])
        self.context.close()

    def when(self, code, seconds=120):
        """Wait until this is true; other tests may be at work."""
        end = time.monotonic() + seconds
        while not self(code):
            assert time.monotonic() < end, f'never true: {code}'
            time.sleep(0.02)

    def settle(self):
        """Wait until all small pictures are painted."""
        self.when('!waiting.size')

    def __call__(self, code, argument=None):
        return self.frame.evaluate(code, argument)

    def pixels(self, selector):
        """Of a canvas: uint8 [height, width, 4]."""
        height, width, data = self(
            """selector => {
            const canvas = document.querySelector(selector)
            const { width, height } = canvas
            return [height, width, Array.from(canvas.getContext('2d').getImageData(0, 0, width, height).data)]
            }""",
            selector,
        )
        return np.array(data, np.uint8).reshape(height, width, 4)

    def stage(self):
        """The pixels of the large image."""
        return self.pixels('#stage').ravel().tolist()

    def z(self):
        return np.array(self('Array.from(z)'))

    def press(self, selector):
        self.frame.click(selector)
        self.settle()

    def open_all(self):
        """Everything that is folded."""
        self("document.querySelectorAll('details').forEach(details => { details.open = true })")
        self.when("$('gallery').querySelector('canvas').width === now.shape[1]")
        self.settle()
