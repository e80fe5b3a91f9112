// One tooltip for all: text only, whatever names a trace holds.
const tip = document.getElementById('tip');

function showTip(heading, lines, x, y) {
  const bold = document.createElement('b');
  bold.textContent = heading;
  tip.replaceChildren(bold, lines.join('\n'));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = x + 16 + box.width > innerWidth - 8 ? x - 16 - box.width : x + 16;
  const top = y + 16 + box.height > innerHeight - 8 ? y - 16 - box.height : y + 16;
  tip.style.left = Math.min(Math.max(8, left), Math.max(8, innerWidth - box.width - 8)) + 'px';
  tip.style.top = Math.max(8, top) + 'px';
}

function hideTip() { tip.hidden = true; }

function figures(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
}
