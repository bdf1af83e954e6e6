// The last build: a row for each worker, a cursor that is moved by pointer or keyboard, and in words what was done then.
if (data.last && data.last.timeline.slices.length) {
  const {timeline: {seconds, names, slices}, workers, longest} = data.last;
  const ROW = Math.max(6, Math.min(22, Math.floor(400 / workers))), GAP = ROW > 10 ? 4 : 1, AXIS = 20, COLOURS = 8;
  const svg = (tag, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const short = (name) => names[name].split('/').slice(1).join('/');
  const spent = new Map();
  for (const [, , took, name] of slices) spent.set(short(name), (spent.get(short(name)) || 0) + took);
  const order = [...spent.keys()].sort((a, b) => spent.get(b) - spent.get(a));
  const colour = (name) => `var(--c${Math.min(order.indexOf(short(name)), COLOURS)})`;
  const swatch = (fill) => make('span', {class: 'swatch', style: `background:${fill}`, 'aria-hidden': 'true'});
  order.slice(0, COLOURS).forEach((library, n) => $('key').append(make('li', {}, swatch(`var(--c${n})`), library)));
  if (order.length > COLOURS) $('key').append(make('li', {}, swatch(`var(--c${COLOURS})`), 'others'));
  const height = workers * (ROW + GAP) + AXIS;
  let cursor = null, width = 0;

  function ticks() {
    const rough = seconds / Math.max(2, Math.floor(width / 110));
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find((each) => each >= rough) || rough;
    return Array.from({length: Math.floor(seconds / step) + 1}, (_, n) => n * step);
  }

  function draw() {
    width = $('workers').clientWidth;
    if (!width) return;
    const image = svg('svg', {viewBox: `0 0 ${width} ${height}`, height, 'aria-hidden': 'true'});
    const across = (at) => (at / seconds) * width;
    for (const at of ticks()) {
      const x = Math.min(across(at), width - 1);
      image.append(svg('line', {class: 'tick', x1: x, x2: x, y1: 0, y2: height - AXIS + 4}));
      const text = svg('text', {class: 'axis', x, y: height - 4, 'text-anchor': x > width - 40 ? 'end' : 'start'});
      text.textContent = at < 60 ? `${Number(at.toFixed(1))} s` : at < 3600 ? `${Number((at / 60).toFixed(1))} min` : `${Math.floor(at / 3600)} h ${String(Math.round(at / 60) % 60).padStart(2, '0')}`;
      image.append(text);
    }
    for (let worker = 0; worker < workers; worker++) {
      image.prepend(svg('rect', {class: 'row', x: 0, y: worker * (ROW + GAP), width, height: ROW, rx: 2}));
    }
    for (const [worker, began, took, name] of slices) {
      const x = across(began), wide = Math.max(across(took) - 0.5, 0.7), y = worker * (ROW + GAP);
      image.append(svg('rect', {x, y, width: wide, height: ROW, style: `fill:${colour(name)}`}));
      if (ROW >= 14 && wide > 8 * short(name).length) {
        const text = svg('text', {class: 'on', x: x + 4, y: y + ROW / 2 + 4});
        text.textContent = short(name);
        image.append(text);
      }
    }
    cursor = svg('line', {class: 'cursor', y1: 0, y2: height - AXIS + 4});
    image.append(cursor);
    $('workers').replaceChildren(image);
    read();
  }

  function read() {
    const at = Number($('moment').value);
    if (cursor) for (const end of ['x1', 'x2']) cursor.setAttribute(end, Math.min((at / seconds) * width, width - 0.5));
    const running = slices.filter(([, began, took]) => began <= at && at < began + took).sort((a, b) => a[0] - b[0]);
    const list = make('ul');
    const alike = new Map();
    for (const [, , , name] of running) alike.set(name, (alike.get(name) || 0) + 1);
    if (running.length > 6) for (const [name, count] of [...alike].sort((a, b) => b[1] - a[1])) {
      list.append(make('li', {}, swatch(colour(name)), `${count} worker${count > 1 ? 's' : ''}: `, make('code', {}, names[name])));
    } else for (const [worker, began, took, name, jobs] of running) {
      list.append(make('li', {}, swatch(colour(name)), `worker ${worker + 1}: `, make('code', {}, names[name]),
        ` ${jobs > 1 ? `and ${jobs} jobs, ` : ''}${duration(took)} from ${duration(began)}`));
    }
    $('moment').setAttribute('aria-valuetext', `${duration(at)} of ${duration(seconds)}`);
    $('reading').replaceChildren(make('strong', {}, `At ${duration(at)}`),
      ` of ${duration(seconds)}, ${running.length} of ${workers} workers were busy.`, list);
  }

  $('timeline').hidden = false;
  $('moment').max = seconds;
  $('moment').step = Math.max(seconds / 200, 0.01).toFixed(3);
  $('moment').value = seconds / 3;
  $('moment').addEventListener('input', read);
  $('workers').addEventListener('pointermove', (event) => {
    const box = $('workers').getBoundingClientRect();
    $('moment').value = seconds * (event.clientX - box.left) / box.width;
    read();
  });
  const body = make('tbody');
  for (const [name, kind, began, took] of longest) {
    body.append(make('tr', {}, make('th', {scope: 'row'}, make('code', {}, name)), make('td', {}, kind),
      make('td', {class: 'n'}, duration(began)), make('td', {class: 'n'}, duration(took))));
  }
  const heads = [['Job', null], ['Kind', null], ['Began at', 'n'], ['Took', 'n']].map(([text, kind]) => make('th', {scope: 'col', class: kind}, text));
  $('longest').append(make('div', {class: 'scroll', role: 'region', tabindex: '0', 'aria-label': 'Longest jobs'},
    make('table', {}, make('caption', {class: 'sr'}, 'Longest jobs of the last build'), make('thead', {}, make('tr', {}, ...heads)), body)));
  new ResizeObserver(draw).observe($('workers'));
}
