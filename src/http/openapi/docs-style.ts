/** The one style of `/docs`. Its hash is in the page's Content-Security-Policy, so it is served verbatim. */
export const docsStyle = `
:root{color-scheme:light dark;--text:#1b1f24;--dim:#57606a;--page:#fff;--card:#f6f8fa;--line:#d0d7de;--link:#0550ae}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9198a1;--page:#0d1117;--card:#161b22;--line:#30363d;--link:#79b8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
a{color:var(--link)}
h1,h2,h3{line-height:1.25}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
code,pre{font:.875em/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--card);padding:.75rem;overflow-x:auto;border-radius:6px}
nav ul{columns:14rem;list-style:none;padding:0}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;background:var(--page)}
summary{cursor:pointer;padding:.6rem .75rem;background:var(--card);border-radius:6px}
details>div{padding:0 .75rem .75rem;overflow-x:auto}
b.method{display:inline-block;min-width:4.5em;font:700 .8rem ui-monospace,monospace}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-top:1px solid var(--line)}
th{font-weight:600}
.dim{color:var(--dim)}
@media(max-width:40rem){thead{display:none}tr,td{display:block;border:0;padding:.1rem 0}tr{border-top:1px solid var(--line);padding:.4rem 0}}
`;
