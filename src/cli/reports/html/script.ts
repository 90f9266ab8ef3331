/**
 * What the page does: dragging and pinching a map moves and scales it, the wheel and buttons scale it, arrow keys move
 * it. Without a script the maps stand still and everything else works.
 */
export const script = `
for (const map of document.querySelectorAll('.map')) {
  const svg = map.querySelector('svg');
  if (!svg) continue;
  const whole = { x: 0, y: 0, width: Number(svg.dataset.width), height: Number(svg.dataset.height) };
  let view = { ...whole };
  const pointers = new Map();
  const show = () => svg.setAttribute('viewBox', [view.x, view.y, view.width, view.height].join(' '));
  // The drawing keeps its proportions inside the window: one scale for both directions.
  const scale = () => Math.max(view.width / svg.clientWidth, view.height / svg.clientHeight);
  const inDrawing = (event) => {
    const box = svg.getBoundingClientRect(), s = scale();
    return { x: view.x + view.width / 2 + (event.clientX - box.left - box.width / 2) * s,
             y: view.y + view.height / 2 + (event.clientY - box.top - box.height / 2) * s };
  };
  const zoom = (factor, at) => {
    const width = Math.min(whole.width * 4, Math.max(120, view.width * factor)), f = width / view.width;
    view = { x: at.x - (at.x - view.x) * f, y: at.y - (at.y - view.y) * f, width, height: view.height * f };
    show();
  };
  const centre = () => ({ x: view.x + view.width / 2, y: view.y + view.height / 2 });
  const move = (dx, dy) => { view.x -= dx * scale(); view.y -= dy * scale(); show(); };
  // A deep network in a wide window would be a thin line: begin at its top, wide enough to be read.
  const start = () => {
    const width = Math.max(svg.clientWidth * 1.1, 360);
    const shape = (svg.clientHeight || 1) / (svg.clientWidth || 1);
    view = { x: Number(svg.dataset.start) - width / 2, y: 0, width, height: width * shape };
    show();
  };
  svg.addEventListener('pointerdown', (event) => { svg.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event); svg.classList.add('held'); });
  svg.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (pointers.size === 1) move(event.clientX - before.clientX, event.clientY - before.clientY);
    else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
      zoom(distance(before) / Math.max(1, distance(event)), inDrawing({ clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 }));
    }
    pointers.set(event.pointerId, event);
  });
  for (const name of ['pointerup', 'pointercancel']) svg.addEventListener(name, (event) => { pointers.delete(event.pointerId); if (pointers.size === 0) svg.classList.remove('held'); });
  svg.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(event.deltaY * 0.0015), inDrawing(event)); }, { passive: false });
  map.addEventListener('click', (event) => {
    const wanted = event.target.dataset?.zoom;
    if (wanted === 'fit') { view = { ...whole }; show(); }
    else if (wanted) zoom(wanted === 'in' ? 0.7 : 1 / 0.7, centre());
  });
  map.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (steps[event.key]) { event.preventDefault(); move(...steps[event.key]); }
    else if (event.key === '+' || event.key === '-') zoom(event.key === '+' ? 0.7 : 1 / 0.7, centre());
    else if (event.key === '0') { view = { ...whole }; show(); }
  });
  new ResizeObserver(() => { if (svg.clientWidth > 0 && !map.dataset.shown) { map.dataset.shown = '1'; start(); } }).observe(map);
}
`;
