// Sizes by library and mode, the largest first, of what is there.
{
  const sums = new Map();
  for (const row of rows) {
    const mine = sums.get(row.library) || data.modes.map(() => 0);
    row.cells.forEach((one, mode) => { mine[mode] += one.bytes; });
    sums.set(row.library, mine);
  }
  const modes = data.modes.map((_, mode) => mode).filter((mode) => [...sums.values()].some((mine) => mine[mode]));
  const whole = (mine) => mine.reduce((sum, bytes) => sum + bytes, 0);
  const listed = [...sums].filter(([, mine]) => whole(mine)).sort((a, b) => whole(b[1]) - whole(a[1]));
  if (listed.length) {
    const number = (bytes, at) => make('td', {class: at || null}, ...(bytes ? [size(bytes)] : [make('span', {'aria-hidden': 'true', class: 'absent'}, '·'), hidden('none')]));
    const largest = whole(listed[0][1]);
    const body = make('tbody');
    for (const [library, mine] of listed) {
      const line = make('tr', {}, make('th', {scope: 'row'}, library));
      modes.forEach((mode, n) => line.append(number(mine[mode], edge(modes, n))));
      const bar = make('span', {class: 'meter', 'aria-hidden': 'true'}, make('i', {style: `width:${(100 * whole(mine) / largest).toFixed(1)}%`}));
      line.append(make('td', {class: 'edge'}, bar, make('b', {}, size(whole(mine)))));
      body.append(line);
    }
    const foot = make('tr', {}, make('th', {scope: 'row'}, 'All'));
    modes.forEach((mode, n) => foot.append(number(listed.reduce((sum, [, mine]) => sum + mine[mode], 0), edge(modes, n))));
    foot.append(number(listed.reduce((sum, [, mine]) => sum + whole(mine), 0), 'edge'));
    $('size-table').append(make('table', {class: 'grid'}, make('caption', {class: 'sr'}, 'Sizes by library and mode'),
      modeHeads('Library', modes, 'All modes'), body, make('tfoot', {}, foot)));
  }
}
