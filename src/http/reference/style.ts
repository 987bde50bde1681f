import { pageTokens } from "../page-tokens.ts";

/** The style of `/docs`: a sidebar where there is room, else a page of its own by `:target`, which needs no script. */
export const referenceStyle = `
${pageTokens}
*,*::before{box-sizing:border-box}
html{font-size:16px;-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:.875rem/1.5 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;display:grid;grid-template-columns:18rem minmax(0,1fr);grid-template-areas:"nav bar" "nav main";grid-template-rows:auto 1fr}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
[hidden]{display:none!important}
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.25rem .5rem;z-index:3}
.bar{display:none;grid-area:bar}
.bar .name{font-weight:600;color:var(--text);text-decoration:none}
nav{grid-area:nav;position:sticky;top:0;height:100vh;overflow-y:auto;padding:1rem 1rem 2rem 1.25rem;background:var(--bar);border-right:1px solid var(--line)}
nav .close{display:none}
nav h2{margin:1.25rem 0 .25rem;font-size:.8125rem;font-weight:400;color:var(--dim)}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:block;padding:.1875rem .5rem;margin:0 -.5rem;border-radius:4px;color:var(--text);text-decoration:none;font-size:.8125rem}
nav li a:hover{background:var(--soft)}
nav li a[aria-current]{background:var(--soft);color:var(--link);box-shadow:inset 2px 0 var(--link)}
nav details li a{padding-left:1.25rem}
summary{cursor:pointer}
nav summary{padding:.1875rem 0;font-size:.8125rem}
form label{display:block;font-size:.8125rem;color:var(--dim);margin-bottom:.25rem}
form{display:grid;grid-template-columns:1fr auto;gap:0 .5rem}
form label,form .wrong{grid-column:1/-1}
input{min-width:0;font:inherit;font-size:1rem;padding:.3125rem .5625rem;border:1px solid var(--dim);border-radius:5px;background:var(--page);color:var(--text)}
input[aria-invalid]{border-color:var(--bad);box-shadow:inset 0 0 0 1px var(--bad)}
.wrong{color:var(--bad);font-size:.8125rem;font-weight:600;margin:.25rem 0 0}
button{font:inherit;font-weight:500;padding:.3125rem .75rem;border:1px solid var(--line);border-radius:5px;background:var(--page);color:var(--text);cursor:pointer}
button:hover{border-color:var(--dim)}
#count{margin:.5rem 0 0;font-size:.8125rem;color:var(--dim)}
.found small{display:block;color:var(--dim)}
.found li{padding:.25rem 0}
main{grid-area:main;max-width:82rem;padding:1.5rem 2rem 4rem;min-width:0}
main>form{max-width:30rem}
main>.found{list-style:none;padding:0}
h1{margin:0 0 .5rem;font-size:1.375rem;line-height:1.25;font-weight:600}
h1 small{font-size:.875rem;font-weight:400;color:var(--dim)}
main>h2{margin:3rem 0 0;padding-bottom:.375rem;font-size:1.125rem;font-weight:600;border-bottom:1px solid var(--line)}
main>p{max-width:46rem;margin:.5rem 0}
section{padding:1.25rem 0;border-bottom:1px solid var(--line);content-visibility:auto;contain-intrinsic-size:auto 32rem}
section[data-kind=schema]{contain-intrinsic-size:auto 16rem}
h3{margin:0 0 .25rem;font-size:.9375rem;font-weight:600}
h3 a{color:inherit;text-decoration:none}
h3 a:hover{text-decoration:underline}
h4{margin:1rem 0 .25rem;font-size:.8125rem;font-weight:600}
p{margin:.5rem 0}
.lead{margin:.125rem 0 .5rem}
.guide>p,.guide>ul,.guide>ol{max-width:46rem}
.guide li{margin:.25rem 0}
.guide>ul,.guide>ol{padding-left:1.25rem}
.guide>pre,.guide>table{max-width:60rem}
.operation h3{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace}
.method{font:600 .75rem ui-monospace,"SF Mono",Menlo,Consolas,monospace;color:var(--dim)}
nav .method{font-size:.6875rem}
.also,small,.type{color:var(--dim);font-size:.8125rem}
.answers{margin:0;padding:0;list-style:none}
table{width:100%;border-collapse:collapse;margin:.25rem 0 .5rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:left;vertical-align:top;padding:.3125rem 1rem .3125rem 0;border-top:1px solid var(--line);font-weight:400}
td:last-child{padding-right:0}
thead th,thead td{border-top:0;color:var(--dim);font-size:.8125rem}
.fields th{width:34%}
.fields td{font-size:.8125rem}
tbody th code{font-weight:600}
small{display:inline}
code{font:.8125rem/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
pre{margin:.375rem 0;padding:.625rem .75rem;background:var(--soft);border-radius:5px;white-space:pre-wrap;font:.78125rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
.answer summary{font-size:.8125rem;color:var(--dim)}
.call{color:var(--dim)}
@media(min-width:75rem){.operation{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,29rem);gap:0 2rem;align-items:start}.operation h3{grid-column:1/-1}.examples>pre:first-child{margin-top:.25rem}}
@media(max-width:56rem){
html{scroll-padding-top:3.25rem}
body{display:block}
.bar{display:flex;justify-content:space-between;align-items:center;position:sticky;top:0;z-index:1;min-height:2.75rem;padding:0 1rem;background:var(--bar);border-bottom:1px solid var(--line)}
nav{display:none;height:auto;border:0}
nav:target{display:block;position:fixed;inset:0;z-index:2;padding:0 1rem 2rem}
nav .close{display:block;padding:.75rem 0;text-align:right}
nav li a,nav summary{padding-top:.5rem;padding-bottom:.5rem}
main{padding:1rem 1rem 3rem}
}
@media(max-width:34rem){
.fields tr,.fields th,.fields td{display:block;width:auto;border:0;padding:0}
.fields tr{border-top:1px solid var(--line);padding:.375rem 0}
}
@media print{:root{color-scheme:light}body{display:block;font-size:8.5pt}nav,.bar,.skip{display:none!important}main{padding:0;max-width:none}section{content-visibility:visible}pre,tr{break-inside:avoid}h3{break-after:avoid}a{color:inherit}}
`;
