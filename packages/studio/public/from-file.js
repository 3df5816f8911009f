// A classic script, since browsers load no modules and no workers from files: says so, instead of showing nothing.
if (location.protocol === 'file:') {
  document.getElementById('app').innerHTML =
    '<main class="notice"><h1>Tritbank studio</h1><p>A browser loads neither the scripts nor the workers of this page ' +
    'from a file. Serve its folder: <code>npx tritbank studio</code>, or any static web server, as ' +
    '<code>python3 -m http.server</code>.</p></main>';
}
