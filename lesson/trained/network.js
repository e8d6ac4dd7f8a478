'use strict'
// The generator: an array of numbers goes through one layer after the other. An image is [height, width, channels], row
// by row. Each layer computes y from x. `back` is for the search below: it computes the gradient of a loss for x from the
// gradient dy for y, by the chain rule.

const LAYERS = {
  // Each output is the sum of all inputs, each times a weight: one row of the matrix per output.
  dense: {
    forward ({ matrix }, x) {
      const y = new Float32Array(matrix.rows)
      addProducts(matrix, 0, matrix.rows, x, 0, y, 0)
      return y
    },
    back ({ matrix }, x, y, dy) {
      const dx = new Float32Array(matrix.columns)
      addTransposed(matrix, 0, matrix.rows, dy, 0, dx, 0)
      return dx
    }
  },

  reshape: { // the numbers stay as they are, only their arrangement changes
    forward: (layer, x) => x,
    back: (layer, x, y, dy) => dy
  },

  // Biases, batch norm as at inference, leaky ReLU: each channel times a number, which may differ below 0, plus a number.
  channels: {
    forward: ({ below, above, shift }, x) =>
      x.map((value, i) => value * (value < 0 ? below : above)[i % shift.length] + shift[i % shift.length]),
    back: ({ below, above }, x, y, dy) => dy.map((value, i) => value * (x[i] < 0 ? below : above)[i % below.length])
  },

  tanh: {
    forward: (layer, x) => x.map(Math.tanh),
    back: (layer, x, y, dy) => dy.map((value, i) => value * (1 - y[i] * y[i]))
  },

  sigmoid: {
    forward: (layer, x) => x.map(value => 1 / (1 + Math.exp(-value))),
    back: (layer, x, y, dy) => dy.map((value, i) => value * y[i] * (1 - y[i]))
  },

  // A transposed convolution: each place of the small image adds a window of weights, times its channels, to the large
  // one. The matrix has a row for each [place in the window, channel of the large image].
  up: {
    forward (layer, x) {
      const y = new Float32Array(layer.to.reduce((a, b) => a * b))
      windows(layer, (row, small, large) => addProducts(layer.matrix, row, layer.to[2], x, small, y, large))
      return y
    },
    back (layer, x, y, dy) {
      const dx = new Float32Array(x.length)
      windows(layer, (row, small, large) => addTransposed(layer.matrix, row, layer.to[2], dy, large, dx, small))
      return dx
    }
  }
}

// Visit each place of a window with each place of the small image: (row of the matrix, where the channels of the small
// image begin, where those of the large one begin). The same rows follow one another, as those are fast to read again.
function windows (layer, visit) {
  const [height, width, inputs] = layer.from
  const [tall, wide, channels] = layer.to
  const [rows, columns] = layer.window
  for (let i = 0; i < rows * columns; i++) {
    for (let place = 0; place < height * width; place++) {
      const y = Math.floor(place / width) * layer.strides[0] - layer.padded[0] + Math.floor(i / columns)
      const x = place % width * layer.strides[1] - layer.padded[1] + i % columns
      if (y < 0 || y >= tall || x < 0 || x >= wide) continue
      visit(i * channels, place * inputs, (y * wide + x) * channels)
    }
  }
}

// To `count` numbers of y, from `to` on, add the products of as many rows of a matrix, from `row` on, with the numbers of
// x from `start` on. Four rows at a time are faster than one.
function addProducts ({ weights, columns }, row, count, x, start, y, to) {
  let done = 0
  for (; done + 3 < count; done += 4) {
    let [a, b, c, d] = [0, 0, 0, 0]
    let p = (row + done) * columns
    let q = p + columns
    let r = q + columns
    let s = r + columns
    for (let i = start; i < start + columns; i++) {
      a += weights[p++] * x[i]
      b += weights[q++] * x[i]
      c += weights[r++] * x[i]
      d += weights[s++] * x[i]
    }
    y[to + done] += a
    y[to + done + 1] += b
    y[to + done + 2] += c
    y[to + done + 3] += d
  }
  for (; done < count; done++) {
    let sum = 0
    for (let i = 0; i < columns; i++) sum += weights[(row + done) * columns + i] * x[start + i]
    y[to + done] += sum
  }
}

// The other way round: to the numbers of dx from `start` on, add those rows, each times its number of dy.
function addTransposed ({ weights, columns }, row, count, dy, from, dx, start) {
  let done = 0
  for (; done + 3 < count; done += 4) {
    const [a, b, c, d] = [dy[from + done], dy[from + done + 1], dy[from + done + 2], dy[from + done + 3]]
    let p = (row + done) * columns
    let q = p + columns
    let r = q + columns
    let s = r + columns
    for (let i = start; i < start + columns; i++) {
      dx[i] += a * weights[p++] + b * weights[q++] + c * weights[r++] + d * weights[s++]
    }
  }
  for (; done < count; done++) {
    for (let i = 0; i < columns; i++) dx[start + i] += dy[from + done] * weights[(row + done) * columns + i]
  }
}

// A weight is a whole number of a few bits, less `zero`, times its row's step. They follow one another, low bits first.
function unpack (matrix) {
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const steps = new Float32Array(bytes(matrix.steps).buffer)
  const packed = bytes(matrix.numbers)
  const weights = new Float32Array(steps.length * matrix.columns)
  for (let i = 0; i < weights.length; i++) {
    const [at, skip] = [i * matrix.bits >> 3, i * matrix.bits & 7]
    const number = (packed[at] | packed[at + 1] << 8 | packed[at + 2] << 16) >> skip & (1 << matrix.bits) - 1
    weights[i] = (number - matrix.zero) * steps[Math.floor(i / matrix.columns)]
  }
  return { weights, columns: matrix.columns, rows: steps.length }
}

const compute = (layer, x) => LAYERS[layer.kind].forward(layer, x)

// The image of the numbers z, from -1 to 1, and as pixels from 0 to 255.
const imageOf = (generator, z) => generator.layers.reduce((x, layer) => compute(layer, x), Float32Array.from(z))
const levels = image => Uint8ClampedArray.from(image, value => (value + 1) * 127.5) // rounds, and keeps to the limits
const pixels = (generator, z) => levels(imageOf(generator, z))

// How far an image is from a target, the mean squared difference, and the gradient of that for z.
function gradient ({ layers }, z, target) {
  const values = [Float32Array.from(z)]
  for (const layer of layers) values.push(compute(layer, values.at(-1)))
  let d = values.at(-1).map((value, i) => value - target[i])
  const loss = d.reduce((sum, value) => sum + value * value, 0) / d.length
  d = d.map(value => 2 * value / d.length)
  for (let i = layers.length - 1; i >= 0; i--) d = LAYERS[layers[i].kind].back(layers[i], values[i], values[i + 1], d)
  return { loss, slope: d, image: values.at(-1) }
}

// Search the z whose image is the nearest to a target, an image from -1 to 1, from several z at once. The switch of each
// stays; the other numbers follow the gradient (Adam, Kingma and Ba 2015), within what they are in training. After each
// round only the best go on. After each step it yields {z, image, loss, part}: the best so far, and how much is done.
const ROUNDS = [[8, 3], [20, 1], [60, 1]] // steps of each z, and how many of them go on
function * nearest (generator, target, starts) {
  const { positions, quantiles } = generator.z
  const [low, high] = [quantiles[0], quantiles.at(-1)]
  let runs = starts.map(z => ({ z: Float32Array.from(z), m: z.map(() => 0), v: z.map(() => 0), steps: 0, loss: Infinity }))
  let best = { loss: Infinity }
  let total = 0
  let done = 0
  ROUNDS.reduce((count, [steps, left]) => { total += count * steps; return Math.min(count, left) }, runs.length)
  for (const [steps, left] of ROUNDS) {
    for (const run of runs) {
      for (let i = 0; i < steps; i++) {
        const { loss, slope, image } = gradient(generator, run.z, target)
        run.loss = Math.min(run.loss, loss)
        if (loss < best.loss) best = { z: run.z.slice(), image, loss }
        run.steps++
        const rate = 0.1 * (high - low) / 2 / Math.sqrt(1 + run.steps / 20)
        for (let j = positions; j < run.z.length; j++) {
          run.m[j] += 0.1 * (slope[j] - run.m[j])
          run.v[j] += 0.01 * (slope[j] ** 2 - run.v[j])
          const [m, v] = [run.m[j] / (1 - 0.9 ** run.steps), run.v[j] / (1 - 0.99 ** run.steps)]
          run.z[j] = Math.min(high, Math.max(low, run.z[j] - rate * m / (Math.sqrt(v) + 1e-12)))
        }
        yield { ...best, part: ++done / total }
      }
    }
    runs = runs.sort((a, b) => a.loss - b.loss).slice(0, left)
  }
}
