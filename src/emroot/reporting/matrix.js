// Targets by mode: a row for each library, which opens into its variants; filters.
{
  const open = new Set();
  const chosen = () => ({
    text: $('text').value.trim().toLowerCase().split(/\s+/).filter(Boolean),
    library: $('library').value,
    state: $('state').value,
    show: document.querySelector('input[name=show]:checked').value,
    modes: [...document.querySelectorAll('#modes input:checked')].map((box) => Number(box.value)),
  });

  const fits = (row, want) => (!want.library || row.library === want.library)
    && want.text.every((word) => row.search.includes(word))
    && (!want.state || want.modes.some((mode) => row.cells[mode].state === want.state));

  function cell(one, show, at) {
    const [mark, label] = STATE[one.state];
    const cell = make('td', {class: `${one.state === 'none' ? 'none' : one.state} ${at}`.trim()});
    if (one.state === 'none') cell.append(hidden(label));
    else if (show === 'size' && one.bytes) cell.append(one.state === 'present' ? '' : `${mark} `, size(one.bytes));
    else if (show === 'time' && one.seconds !== null) cell.append(duration(one.seconds));
    else if (show === 'time' && one.state === 'present') cell.append(make('span', {'aria-hidden': 'true'}, '✓'), hidden('present, time unknown'));
    else cell.append(make('span', {'aria-hidden': 'true'}, mark), hidden(label));
    return cell;
  }

  function total(members, mode, show, at) {
    const all = members.map((row) => row.cells[mode]).filter((one) => one.state !== 'none');
    const present = all.filter((one) => one.state === 'present');
    const failed = all.filter((one) => one.state === 'failed').length;
    const cell = make('td', {class: at || null});
    if (!all.length) cell.append(hidden(STATE.none[1]));
    else if (show === 'size') cell.append(present.length ? size(present.reduce((sum, one) => sum + one.bytes, 0)) : '·');
    else if (show === 'time') {
      const known = present.filter((one) => one.seconds !== null);
      cell.append(known.length ? duration(known.reduce((sum, one) => sum + one.seconds, 0)) : '·');
    } else if (!present.length && !failed) cell.append(make('span', {class: 'absent', 'aria-hidden': 'true'}, '·'), hidden(`none of ${all.length}`));
    else {
      cell.append(make('span', {class: 'present'}, present.length === all.length ? `✓ ${all.length}` : `${present.length}/${all.length}`));
      if (failed) cell.append(' ', make('span', {class: 'failed'}, ` ✕ ${failed} `, hidden('failed')));
    }
    return cell;
  }

  function draw() {
    const want = chosen();
    const found = rows.filter((row) => fits(row, want));
    const filtered = want.text.length || want.library || want.state;
    const body = make('tbody');
    const unfold = $('expand').getAttribute('aria-pressed') === 'true';
    for (const library of libraries) {
      const members = found.filter((row) => row.library === library);
      if (!members.length) continue;
      const isOpen = unfold || open.has(library) || Boolean(filtered && found.length <= 60);
      const single = members.length === 1 && members[0].target === library;
      const head = make('tr', {class: isOpen && !single ? 'library open' : 'library'});
      const button = make('button', {type: 'button', class: 'twist', 'aria-expanded': String(isOpen)}, library);
      button.dataset.library = library;
      head.append(make('th', {scope: 'row'}, single ? library : button,
        single ? '' : make('small', {}, `${members.length} variant${members.length > 1 ? 's' : ''}`)));
      want.modes.forEach((mode, n) => head.append(single ? cell(members[0].cells[mode], want.show, edge(want.modes, n))
        : total(members, mode, want.show, edge(want.modes, n))));
      body.append(head);
      if (isOpen && !single) for (const row of members) {
        const line = make('tr', {class: 'variant'}, make('th', {scope: 'row'}, row.target,
          row.objects ? make('small', {}, `${row.objects} object${row.objects > 1 ? 's' : ''}`) : ''));
        want.modes.forEach((mode, n) => line.append(cell(row.cells[mode], want.show, edge(want.modes, n))));
        body.append(line);
      }
    }
    if (!found.length || !want.modes.length) {
      const nothing = want.modes.length ? 'No target matches.' : 'No mode is selected.';
      body.replaceChildren(make('tr', {}, make('td', {colspan: want.modes.length + 1}, nothing)));
    }
    const table = make('table', {class: 'grid'}, make('caption', {class: 'sr'}, `Targets by mode: ${want.show}`),
      modeHeads('Target', want.modes), body);
    $('matrix').replaceChildren(table);
    $('found').textContent = found.length === rows.length ? `${rows.length} targets` : `${found.length} of ${rows.length} targets`;
  }

  for (const library of [...libraries].sort()) $('library').append(make('option', {value: library}, library));
  for (const state of data.states) $('state').append(make('option', {value: state}, STATE[state][1].split(';')[0]));
  data.modes.forEach(({name}, n) => {
    const box = make('input', {type: 'checkbox', value: n, checked: ''});
    $('modes').append(make('label', {}, box, name));
  });
  for (const state of data.states) {
    $('legend').append(make('span', {}, make('b', {class: state, 'aria-hidden': 'true'}, STATE[state][0]), ` ${STATE[state][1]}`));
  }
  if (data.errors.length) {
    const list = make('dl', {id: 'errors'});
    for (const [target, mode, error] of data.errors) list.append(make('dt', {}, `${mode}/${target}`), make('dd', {}, make('pre', {tabindex: '0'}, error)));
    $('targets').append(make('h3', {}, 'Failures'), list);
  }
  $('filter').addEventListener('input', draw);
  $('filter').addEventListener('submit', (event) => event.preventDefault());
  $('filter').addEventListener('reset', () => {
    open.clear();
    $('expand').setAttribute('aria-pressed', 'false');
    setTimeout(draw);
  });
  $('expand').addEventListener('click', () => {
    $('expand').setAttribute('aria-pressed', String($('expand').getAttribute('aria-pressed') !== 'true'));
    draw();
  });
  $('matrix').addEventListener('click', (event) => {
    const button = event.target.closest('.twist');
    if (!button) return;
    const library = button.dataset.library;
    if (button.getAttribute('aria-expanded') === 'true') open.delete(library); else open.add(library);
    draw();
    document.querySelector(`.twist[data-library="${CSS.escape(library)}"]`).focus({preventScroll: true});
  });
  draw();
}
