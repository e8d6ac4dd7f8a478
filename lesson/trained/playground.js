'use strict'
// ---------------------------------------------------------------- the numbers z
// First the switch, of which one position is on, then numbers of which a share of shares[i] is below quantiles[i].

let seed = 1
function random () { // from 0 to 1, the same sequence each time (mulberry32)
  seed = seed + 0x6D2B79F5 | 0
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
  return ((t ^ t >>> 14) >>> 0) / 4294967296
}

function noise ({ size, positions, strength, shares, quantiles }) {
  const like = share => {
    const i = shares.findIndex(next => next > share)
    const part = (share - shares[i - 1]) / (shares[i] - shares[i - 1])
    return quantiles[i - 1] * (1 - part) + quantiles[i] * part
  }
  const z = Float32Array.from({ length: size }, (_, i) => i < positions ? 0 : like(random()))
  if (positions) z[Math.floor(random() * positions)] = strength
  return z
}

const switchedTo = (z, n) => z.map((value, i) => i >= now.z.positions ? value : i === n ? now.z.strength : 0)
// Which position is on, or more than half on during a walk; -1: none.
const positionOf = z => z.subarray(0, now.z.positions).findIndex(value => value / now.z.strength > 0.5)

// How far z lies in a direction, in standard deviations, and the z that lies that far.
const along = (z, direction) =>
  direction.reduce((sum, part, i) => sum + part * (z[i] - now.z.mean), 0) / now.z.deviation
function moved (z, direction, to) {
  const by = (to - along(z, direction)) * now.z.deviation
  return z.map((value, i) => value + by * direction[i])
}

// Without the switch, z has about the same length each time: images far from that are rare in training, and worse.
const rest = z => Array.from(z.subarray(now.z.positions), value => value - now.z.mean)
const length = z => Math.hypot(...rest(z))
const stretched = (z, by) =>
  z.map((value, i) => i < now.z.positions ? value : now.z.mean + by * (value - now.z.mean))
const fresh = () => stretched(noise(now.z), truncation)

// a - b + c, as long as c. One position of the switch is on, as in training: that of c, unless b takes that away.
function sum (a, b, c) {
  const z = a.map((value, i) => value - b[i] + c[i])
  const position = positionOf(b) === positionOf(c) ? positionOf(a) : positionOf(c)
  return switchedTo(stretched(z, length(c) / (length(z) || 1)), position)
}

// On the way from one z to the next: the switch on a straight line, the rest on an arc, where it keeps its length.
function between (from, to, part) {
  const { positions, mean } = now.z
  const [a, b] = [rest(from), rest(to)]
  const cosine = a.reduce((sum, value, i) => sum + value * b[i], 0) / (length(from) * length(to) || 1)
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine))) || 1e-6
  const [s, t] = [Math.sin((1 - part) * angle) / Math.sin(angle), Math.sin(part * angle) / Math.sin(angle)]
  return from.map((value, i) => i < positions
    ? value + part * (to[i] - value)
    : mean + s * a[i - positions] + t * b[i - positions])
}

// ---------------------------------------------------------------- the page
const $ = id => document.getElementById(id)
const generators = JSON.parse($('generators').textContent)
const KNOWN = { // data sets, by the titles of generators: what they show, and whose they are
  MNIST: ['handwritten digits', 'MNIST: Yann LeCun, Corinna Cortes, Christopher J.C. Burges.'],
  CelebA: ['photographs of celebrities', 'CelebA: Liu et al. 2015, Deep Learning Face Attributes in the Wild.']
}
let now = generators[0] // the generator in use
let z // what the large image is made from
let truncation = 1 // by how much all numbers but the switch are stretched
let walking = null // {from, to, start, shown, turns}: two z, times in milliseconds, and how often the switch has turned
let search = null // for the nearest image: what `nearest` in network.js returns
const slots = [] // of the sum: {button, z}
let axes // the directions of the neighbors, across and down
let chosen = 0 // which of them gets the next picture
let cards = Array.from({ length: 24 }) // the z of each picture in the gallery

function paint (canvas, values) { // pixels from 0 to 255
  const [height, width, channels] = now.shape
  const image = new ImageData(width, height)
  values.forEach((value, i) => {
    if (channels === 1) image.data.fill(value, 4 * i, 4 * i + 3)
    else image.data[4 * Math.floor(i / channels) + i % channels] = value
  })
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255
  Object.assign(canvas, { width, height })
  canvas.getContext('2d').putImageData(image, 0, 0)
}
const draw = (canvas, numbers) => paint(canvas, pixels(now, numbers))

// Small pictures wait until there is time, and until they can be seen: some of them in each frame.
const waiting = new Map()
function later (canvas, numbers) {
  if (canvas.closest('details:not([open])')) return
  if (!waiting.size) requestAnimationFrame(work)
  waiting.set(canvas, numbers)
}
function work () {
  const end = performance.now() + 14
  for (const [canvas, numbers] of waiting) {
    waiting.delete(canvas)
    draw(canvas, numbers)
    if (performance.now() > end) break
  }
  if (waiting.size) requestAnimationFrame(work)
}

function make (tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}
const picture = (label, onclick, ...children) => make('button', { onclick, ariaLabel: label }, make('canvas'), ...children)

function show (numbers, image = imageOf(now, numbers)) { // as the large image; all others follow
  z = numbers
  paint($('stage'), levels(image))
  for (const [i, slider] of sliders().entries()) {
    slider.value = along(z, now.directions[i])
    slider.ariaValueText = (+slider.value).toFixed(1)
  }
  pressed($('positions'), positionOf(z))
  drawNumbers()
  if (!walking && !search) refresh()
}
function refresh () { // the small pictures that belong to the large one
  for (const [i, button] of [...$('positions').children].entries()) later(button.firstChild, switchedTo(z, i))
  for (const [i, label] of [...$('sliders').children].entries()) {
    later(label.firstChild, moved(z, now.directions[i], -3))
    later(label.lastChild, moved(z, now.directions[i], 3))
  }
  for (const [i, button] of [...$('around').children].entries()) later(button.firstChild, neighbor(i))
}
const sliders = () => [...document.querySelectorAll('#sliders input')]
const pressed = (group, n) => [...group.children].forEach((button, i) => { button.ariaPressed = i === n })

function drawNumbers () { // the switch as boxes, each other number as a bar, up or down
  const { positions, size, strength, mean, quantiles } = now.z
  const canvas = $('numbers')
  const { width, height } = canvas
  const [style, context] = [getComputedStyle(canvas), canvas.getContext('2d')]
  const step = width / (size + (positions ? 2 : 0) + positions) // a position is twice as wide, then there is a gap
  context.clearRect(0, 0, width, height)
  context.fillStyle = context.strokeStyle = style.getPropertyValue('--accent')
  for (let i = 0; i < positions; i++) {
    const [left, side] = [2 * i * step + 1, 2 * step - 2]
    context.strokeRect(left, (height - side) / 2, side, side)
    context.globalAlpha = Math.min(1, Math.max(0, z[i] / strength))
    context.fillRect(left, (height - side) / 2, side, side)
    context.globalAlpha = 1
  }
  context.fillStyle = style.getPropertyValue('--other')
  const unit = height / 4 / Math.max(quantiles.at(-1) - mean, mean - quantiles[0], 1e-9) // as far as twice the range
  for (let i = positions; i < size; i++) {
    const [left, bar] = [(i + positions + (positions ? 2 : 0)) * step, unit * (z[i] - mean)]
    context.fillRect(left, height / 2, Math.max(1, step - 1), -bar)
  }
  const left = (positions ? 2 * positions + 2 : 0) * step
  context.fillRect(left, height / 2 - 0.5, width, 1)
  context.fillStyle = style.getPropertyValue('--faint')
  for (const limit of [quantiles[0], quantiles.at(-1)]) { // the range of training
    context.fillRect(left, height / 2 - unit * (limit - mean) - 0.5, width, 1)
  }
  const on = positionOf(z)
  canvas.ariaLabel = `z: ${positions ? `position ${on + 1} of the switch, and ` : ''}${size - positions} numbers as bars`
}

function neighbor (i) {
  if (!now.directions.length) return z // all of z is the switch
  const [across, down] = [now.directions[$('across').value], now.directions[$('down').value]]
  const right = moved(z, across, along(z, across) + (i % 5 - 2) * 0.8)
  return across === down ? right : moved(right, down, along(right, down) + (Math.floor(i / 5) - 2) * 0.8)
}

function go (numbers) { halt(); show(numbers) }
function halt () {
  clearTimeout(soon)
  walking = search = null
  $('walk').ariaPressed = false
}

// A walk turns the switch to one position after the other; then the rest changes. While it stops, small pictures follow.
function walk () {
  walking = { turns: 0, shown: 0 }
  leg(performance.now())
  $('walk').ariaPressed = true
  requestAnimationFrame(step)
}
function leg (start) {
  const { positions } = now.z
  const turn = positions > 1 && ++walking.turns % positions
  const to = turn ? z : fresh()
  if (!turn) truncated()
  Object.assign(walking, { from: z, to: turn ? switchedTo(to, (positionOf(z) + 1) % positions) : to, start })
}
function step (time) {
  if (!walking) return
  requestAnimationFrame(step)
  if (time - walking.shown < 30) return // 30 pictures a second are enough
  walking.shown = time
  const part = Math.min(1, (time - walking.start) / 1500)
  if (part <= 0) return
  show(between(walking.from, walking.to, part * part * (3 - 2 * part)))
  if (part === 1) { refresh(); leg(time + 900) }
}

const truncated = (text = truncation.toFixed(1)) => { $('times').textContent = $('truncation').ariaValueText = text }

function put (slot, numbers) {
  slots[slot].z = numbers
  if (slots[2].z) slots[3].z = sum(...slots.slice(0, 3).map(({ z }) => z))
  for (const { button, z } of slots) if (z) later(button.firstChild, z)
}
function choose (slot) { chosen = slot; slots.forEach(({ button }, i) => { button.ariaPressed = i === slot }) }

function deal (numbers) { // pictures into the gallery
  cards = numbers
  cards.forEach((numbers, i) => later($('gallery').children[i].firstChild, numbers))
}

// ---------------------------------------------------------------- your own picture
let photo = null // {bitmap, x, y}: the picture from the disk, and the center of the part that is used
let pen = null // where it was last, on the paper
let soon // the timer of the search
const paper = () => $('paper').getContext('2d', { willReadFrequently: true })

// A part of the paper as an image of the generator, from -1 to 1: each pixel is the mean of a square of `step` pixels.
function shrunk (left, top, step) {
  const [height, width, channels] = now.shape
  const { data, width: wide, height: tall } = paper().getImageData(0, 0, $('paper').width, $('paper').height)
  const image = new Float32Array(height * width * channels)
  for (let i = 0; i < height * width; i++) {
    const [x, y] = [Math.round(left + i % width * step), Math.round(top + Math.floor(i / width) * step)]
    const side = Math.max(1, Math.round(step))
    for (let at = 0; at < side * side; at++) {
      const [column, row] = [x + at % side, y + Math.floor(at / side)]
      if (column < 0 || row < 0 || column >= wide || row >= tall) continue
      const [r, g, b] = data.subarray(4 * (row * wide + column))
      const colors = channels === 1 ? [0.299 * r + 0.587 * g + 0.114 * b] : [r, g, b]
      colors.forEach((value, c) => { image[i * channels + c] += value / side / side })
    }
  }
  return image.map(value => value / 127.5 - 1)
}

// A drawing as MNIST has its digits: its longer side has 20 of 28 pixels, its center of mass is in the middle.
function drawing () {
  const { data, width, height } = paper().getImageData(0, 0, $('paper').width, $('paper').height)
  let [left, right, top, bottom, ink, x, y] = [width, 0, height, 0, 0, 0, 0]
  for (let i = 0; i < width * height; i++) {
    const value = data[4 * i]
    if (value < 64) continue
    const [column, row] = [i % width, Math.floor(i / width)]
    ;[left, right, top, bottom] = [Math.min(left, column), Math.max(right, column + 1), Math.min(top, row), Math.max(bottom, row + 1)]
    ink += value; x += value * (column + 0.5); y += value * (row + 0.5)
  }
  if (!ink) return null
  const step = Math.max(right - left, bottom - top) / (20 / 28 * Math.min(now.shape[0], now.shape[1]))
  return shrunk(x / ink - now.shape[1] / 2 * step, y / ink - now.shape[0] / 2 * step, step)
}

function blank () {
  halt()
  photo = null
  const [height, width, channels] = now.shape
  const size = 280 / Math.min(height, width)
  Object.assign($('paper'), { width: width * size, height: height * size })
  paper().fillRect(0, 0, width * size, height * size)
  $('crop').hidden = true
  $('paper').ariaLabel = channels === 1 ? 'Draw a digit here, with mouse, finger, or pen' : 'Your picture, once you have chosen a file'
  $('file').value = $('distance').textContent = ''
  for (const id of ['target', 'found']) paint($(id), new Uint8ClampedArray(height * width * channels))
}

function placePhoto () { // on the paper, and look for it
  const { bitmap } = photo
  const [width, height] = [$('paper').width, $('paper').height]
  const scale = $('zoom').value * Math.min(bitmap.width / width, bitmap.height / height)
  const [w, h] = [scale * width, scale * height]
  photo.scale = scale
  photo.x = Math.min(bitmap.width - w / 2, Math.max(w / 2, photo.x))
  photo.y = Math.min(bitmap.height - h / 2, Math.max(h / 2, photo.y))
  paper().drawImage(bitmap, photo.x - w / 2, photo.y - h / 2, w, h, 0, 0, width, height)
  find(() => shrunk(0, 0, width / now.shape[1]), 300)
}

function find (target, wait = 0) { // the nearest image to what target() returns
  halt()
  soon = setTimeout(() => {
    const image = target()
    if (!image) return
    halt()
    paint($('target'), levels(image))
    const { positions, mean, size } = now.z
    const middle = Float32Array.from({ length: size }, () => mean)
    const starts = Array.from({ length: positions || 10 }, (_, i) => positions ? switchedTo(middle, i) : noise(now.z))
    search = nearest(now, image, starts)
    const [mine, begun] = [search, performance.now()]
    requestAnimationFrame(function proceed () {
      if (search !== mine) return // something else was done
      const end = performance.now() + 40
      let [best, next] = [null, null]
      while (performance.now() < end && !(next = search.next()).done) best = next.value
      if (next.done) search = null
      else requestAnimationFrame(proceed)
      if (best) report(best, image, (performance.now() - begun) / 1000)
      else refresh()
    })
  }, wait)
}
function report (best, image, seconds) {
  const difference = best.image.reduce((sum, value, i) => sum + Math.abs(value - image[i]), 0) / image.length / 2
  const never = difference > now.apart ? ' That is further apart than two random images: the network cannot draw this.' : ''
  const where = now.z.positions ? `At position ${positionOf(best.z) + 1} of the switch. ` : ''
  paint($('found'), levels(best.image))
  $('distance').textContent = best.part < 1
    ? `Searching: ${Math.round(100 * best.part)}%`
    : `${where}The pixels differ by ${difference.toFixed(3)} on average, where black and white differ by 1, and two random ` +
      `images by ${now.apart}. Found in ${seconds.toFixed(1)} s.${never}`
  truncated('\u2013') // the numbers found are not random ones, stretched
  show(best.z, best.image)
}

$('paper').onpointerdown = event => {
  if (!photo && now.shape[2] !== 1) return
  $('paper').setPointerCapture(event.pointerId)
  halt()
  pen = { x: event.offsetX, y: event.offsetY }
  stroke(event)
}
$('paper').onpointermove = event => { if (pen) stroke(event) }
$('paper').onpointerup = $('paper').onpointercancel = () => {
  if (pen && !photo) find(drawing, 500) // there may be a second stroke
  pen = null
}
function stroke ({ offsetX: x, offsetY: y }) {
  const scale = $('paper').width / $('paper').clientWidth
  if (photo) {
    photo.x -= (x - pen.x) * scale * photo.scale
    photo.y -= (y - pen.y) * scale * photo.scale
    placePhoto()
  } else {
    const context = Object.assign(paper(), { lineWidth: 22, lineCap: 'round', strokeStyle: '#fff' })
    context.beginPath()
    context.moveTo(pen.x * scale, pen.y * scale)
    context.lineTo(x * scale, y * scale)
    context.stroke()
  }
  pen = { x, y }
}
$('clear').onclick = blank
$('zoom').oninput = placePhoto
$('file').onchange = async () => {
  const [file] = $('file').files
  if (!file) return
  try {
    const bitmap = await createImageBitmap(file)
    blank()
    photo = { bitmap, x: bitmap.width / 2, y: bitmap.height / 2 }
    $('paper').ariaLabel = 'Your picture: drag to move it'
    $('zoom').value = 1
    $('crop').hidden = false
    placePhoto()
  } catch {
    $('distance').textContent = 'Your browser cannot read this file as a picture.'
  }
}
function example (values) { // pixels from 0 to 255
  blank()
  paint($('target'), values)
  paper().drawImage($('target'), 0, 0, $('paper').width, $('paper').height)
  find(() => Float32Array.from(values, value => value / 127.5 - 1))
}
$('example').onclick = () => example(pixels(now, fresh()))
$('genuine').onclick = () => example(realImage(Math.floor(Math.random() * countReal())))

// ---------------------------------------------------------------- can you tell?
const ROUNDS_OF_GAME = 10
let game // {round, right, order, side, done}: order: of the real images; side: 0, the left one is real
const sizeOf = () => now.shape.reduce((a, b) => a * b)
const countReal = () => now.real ? now.real.length / sizeOf() : 0
const realImage = n => now.real.subarray(n * sizeOf(), (n + 1) * sizeOf())

function begin () {
  const order = Array.from({ length: countReal() }, (_, i) => [Math.random(), i]).sort((a, b) => a[0] - b[0])
  game = { round: 0, right: 0, order: order.map(([, i]) => i) }
  play()
}
function play () {
  const side = Math.floor(Math.random() * 2)
  Object.assign(game, { round: game.round + 1, side, done: false })
  $('question').textContent = `Round ${game.round} of ${ROUNDS_OF_GAME}: which one is real? So far, you have found ${game.right}.`
  $('round').disabled = true
  pressed($('pair'), -1)
  caption('left', 'right')
  const images = [realImage(game.order[game.round - 1]), pixels(now, noise(now.z))]
  for (const i of [0, 1]) paint($('pair').children[i].firstChild, images[i === side ? 0 : 1])
}
const caption = (...texts) => texts.forEach((text, i) => { $('pair').children[i].lastChild.textContent = text })
function answer (i) {
  if (game.done) return
  game.done = true
  game.right += i === game.side
  pressed($('pair'), game.side)
  caption(...['real', 'generated'].map((_, n, both) => both[n ^ game.side]))
  const verdict = `${i === game.side ? 'Yes' : 'No'}, the ${['left', 'right'][game.side]} one is real, the other is generated.`
  const last = game.round === ROUNDS_OF_GAME
  $('question').textContent = `${verdict} ` + (last ? `You have found ${game.right} of ${ROUNDS_OF_GAME}; who guesses finds 5.`
    : `That was round ${game.round} of ${ROUNDS_OF_GAME}; so far, you have found ${game.right}.`)
  $('round').textContent = last ? 'Play again' : 'Next'
  $('round').disabled = false
}
$('round').onclick = () => { if (game.round < ROUNDS_OF_GAME) play(); else begin() }

// ---------------------------------------------------------------- how it was trained
function showTraining () {
  const { losses, film, steps, title } = now
  $('film').hidden = !film
  if (film) $('film').src = `data:image/png;base64,${film}`
  const most = Math.max(...losses.flat(), 1)
  const line = (which, color) => `<polyline style="stroke: var(${color})" points="${losses.map((pair, i) =>
    `${30 + 368 * i / (losses.length - 1 || 1)},${104 - 100 * pair[which] / most}`).join(' ')}"/>`
  const label = (x, y, text, color = '--faint') => `<text x="${x}" y="${y}" style="fill: var(${color})">${text}</text>`
  $('losses').toggleAttribute('hidden', !losses.length)
  $('losses').innerHTML = line(0, '--accent') + line(1, '--other') + label(0, 12, most.toFixed(1)) + label(16, 106, 0) +
    label(30, 118, `0 to ${steps.toLocaleString('en')} steps`) +
    label(230, 118, 'discriminator', '--accent') + label(335, 118, 'generator', '--other')
  $('trained').innerHTML = (film ? 'The animation: images from the same numbers, after more and more steps of training: ' +
    'a step is one batch of images. If the last frame says \u201caverage of the weights\u201d, it was made with the mean of the ' +
    'generator\u2019s weights over many steps, which is steadier. ' : '') +
    (losses.length ? 'The curves: the losses of the <b style="color: var(--accent)">discriminator</b>, which learns to tell ' +
    'real from generated images, and of the <b style="color: var(--other)">generator</b>, which learns to mislead it. ' +
    'When all goes well, neither falls to zero: neither network has won. ' : '')
  $('trained').append(`This network was trained for ${steps.toLocaleString('en')} steps on ${title}.`)
}

// ---------------------------------------------------------------- which generator
function use (generator) {
  halt()
  now = generator
  if (typeof now.real === 'string') now.real = Uint8ClampedArray.from(atob(now.real), letter => letter.charCodeAt(0))
  for (const layer of now.layers) if (layer.matrix && !layer.matrix.weights) layer.matrix = unpack(layer.matrix)
  seed = truncation = 1
  waiting.clear()
  pressed($('tabs'), generators.indexOf(now))
  const { positions, strength, size, quantiles } = now.z
  const shown = value => value.toFixed(1).replace('-', '\u2212').replace('.0', '')
  const shows = Object.hasOwn(KNOWN, now.title) ? ` (${KNOWN[now.title][0]})` : ''
  $('lead').textContent = 'A neural network of the kind called a generative adversarial network (GAN) makes up this image, in your ' +
    `browser, from ${size} numbers: it has learned what images look like from ${now.title}${shows} alone. ` +
    'Change the numbers to see what it knows, and show it a picture of your own to see what it does not.'
  $('what').textContent = (positions ? `${positions} of them are the positions of one switch: one is ${shown(strength)}, the others ` +
    `are 0. The other ${size - positions}` : `The ${size} numbers`) + ` are random at first, from ${shown(quantiles[0])} to ` +
    `${shown(quantiles.at(-1))}, as in training (the thin lines): a bar for each. All of them together are called z.`
  const drawn = now.shape[2] === 1 ? 'Draw a digit on the black square, with mouse, finger, or pen; it is centered and scaled as ' +
    'MNIST\u2019s digits are. Or choose a file, of which a square is used' : 'Choose a file, and the part of it that shows a face'
  $('how').textContent = `${drawn}: it stays in your browser. The page then looks for the numbers whose image is nearest: ` +
    `from ${positions ? 'each position of the switch' : 'ten random places'} it follows the slope of the difference downhill. ` +
    'Try things that it has never seen as well: chosen numbers reach further than random ones do.'
  $('switch').hidden = !positions
  $('positions').replaceChildren(...Array.from({ length: positions }, (_, i) =>
    picture(`Position ${i + 1}`, () => go(switchedTo(z, i)), `${(i + 1)}`)))
  $('sliders').replaceChildren(...now.directions.map((direction, i) => make('label', {}, make('canvas'),
    make('input', { type: 'range', min: -3, max: 3, step: 'any', ariaLabel: `Direction ${i + 1}`, oninput: event => go(moved(z, direction, event.target.value)) }),
    make('canvas'))))
  for (const [n, id] of ['across', 'down'].entries()) {
    $(id).replaceChildren(...now.directions.map((_, i) => make('option', { value: i, textContent: i + 1 })))
    $(id).selectedIndex = Math.min(n, now.directions.length - 1)
  }
  axes = [$('across').value, $('down').value]
  $('axes').hidden = now.directions.length < 2
  $('truncation').value = 1
  truncated()
  $('note').textContent = now.note
  $('promise').textContent = now.real ? 'a game: one is real, the other generated' : now.note.split('. ')[0]
  $('game').hidden = $('genuine').hidden = true
  if (now.real) {
    $('game').hidden = $('genuine').hidden = false
    begin()
  }
  showTraining()
  show(Float32Array.from(now.start))
  blank()
  deal(cards.map(fresh))
  for (const slot of [0, 1, 2]) put(slot, Float32Array.from(now.sum[slot]))
  roving()
}

$('credits').textContent = Object.keys(KNOWN).filter(title => generators.some(each => each.title === title))
  .map(title => KNOWN[title][1]).join(' ')
$('tabs').append(...generators.map(generator => make('button', { textContent: generator.title, onclick: () => use(generator) })))
$('around').append(...Array.from({ length: 25 }, (_, i) => picture(i === 12 ? 'The image' : `Neighbor ${i + 1}`, () => go(neighbor(i)))))
pressed($('around'), 12)
$('gallery').append(...cards.map((_, i) => picture(`Picture ${i + 1}`, () => {
  put(chosen, cards[i])
  choose((chosen + 1) % 3)
  go(slots[3].z)
})))
for (const [i, sign] of ['\u2212', '+', '=', ''].entries()) {
  const button = picture(['First', 'Minus', 'Plus', 'The sum'][i], () => i < 3 ? choose(i) : go(slots[3].z))
  slots.push({ button, z: null })
  $('sum').append(button, ...(sign ? [make('span', { textContent: sign })] : []))
}
$('pair').append(...['left', 'right'].map((side, i) => picture(`The ${side} one is real`, () => answer(i), side)))
choose(0)
$('next').onclick = () => { go(fresh()); truncated() }
$('walk').onclick = () => { if (walking) go(z); else { halt(); walk() } }
$('others').onclick = () => deal(cards.map(fresh))
$('truncation').oninput = ({ target }) => {
  const by = target.value / truncation
  truncation = +target.value
  truncated()
  go(stretched(z, by))
  deal(cards.map(numbers => stretched(numbers, by)))
}
for (const [n, [id, other]] of [['across', 'down'], ['down', 'across']].entries()) {
  $(id).onchange = () => {
    if ($(id).value === $(other).value) $(other).value = axes[n] // never the same: they change places
    axes = [$('across').value, $('down').value]
    go(z)
  }
}
$('save').onclick = () => {
  const [large, name] = [make('canvas', { width: 10 * now.shape[1], height: 10 * now.shape[0] }), `${now.title}.png`]
  const context = Object.assign(large.getContext('2d'), { imageSmoothingQuality: 'high' })
  context.drawImage($('stage'), 0, 0, large.width, large.height)
  make('a', { href: large.toDataURL(), download: name }).click()
}
for (const details of document.querySelectorAll('details')) {
  details.ontoggle = () => {
    if (!details.open) return
    refresh()
    deal(cards)
    put(0, slots[0].z)
  }
}

// ---------------------------------------------------------------- keys
// In a group of pictures one button is a stop of the Tab key; arrow keys lead to the others.
const GROUPS = '.pictures, .sum, .pair[role], #tabs'
function roving () {
  for (const group of document.querySelectorAll(GROUPS)) {
    const buttons = [...group.querySelectorAll('button')]
    const current = buttons.find(button => button.ariaPressed === 'true') || buttons[0]
    for (const button of buttons) button.tabIndex = button === current ? 0 : -1
  }
}
addEventListener('focusin', ({ target }) => {
  const group = target.closest(GROUPS)
  if (!group || !target.matches('button')) return
  for (const button of group.querySelectorAll('button')) button.tabIndex = button === target ? 0 : -1
})
addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input:not([type=range]), select')) return
  const group = event.target.closest(GROUPS)
  const buttons = group ? [...group.querySelectorAll('button')] : []
  const columns = group?.matches('.pictures') ? getComputedStyle(group).gridTemplateColumns.split(' ').length : 1
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key]
  const click = { n: 'next', w: 'walk', s: 'save' }[event.key.toLowerCase()]
  if (click) $(click).click()
  else if (by && buttons.length) buttons[buttons.indexOf(event.target) + by]?.focus()
  else if (/^\d$/.test(event.key)) $('positions').children[(+event.key || 10) - 1]?.click()
  else return
  event.preventDefault()
})
if (now) {
  use(now)
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) walk()
}
