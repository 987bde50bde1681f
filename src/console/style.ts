import { pageTokens } from "../http/page-tokens.ts";

/** The one style of the console: wide and narrow screens (360 px up), light, dark and print. Served under the digest of its content. */
export const consoleStyle = `
${pageTokens}
*,*::before{box-sizing:border-box}
html{font-size:16px;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:.875rem/1.45 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
p{margin:0}
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.25rem .5rem;z-index:1}
.bar{background:var(--bar);border-bottom:1px solid var(--line)}
.bar>div,main{max-width:76rem;margin:0 auto;padding:0 1.25rem}
.bar>div{display:flex;flex-wrap:wrap;align-items:center;gap:0 1.5rem;min-height:2.75rem}
.bar .name{font-weight:600;color:var(--text);text-decoration:none}
.bar .of{color:var(--dim);margin-left:-.75rem}
.bar nav{flex:1}
.bar ul{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0}
.bar li a{display:block;padding:.625rem 0;color:var(--dim);text-decoration:none;border-bottom:2px solid transparent;margin-bottom:-1px}
.bar li a:hover{color:var(--text)}
.bar li a[aria-current]{color:var(--text);border-color:var(--link)}
main{padding-top:1.5rem;padding-bottom:2.5rem}
footer{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.5rem;width:min(100% - 2.5rem,73.5rem);margin:0 auto;padding:.75rem 0 1.5rem;color:var(--dim);font-size:.8125rem;border-top:1px solid var(--line)}
footer span{flex:1}
h1{margin:0;font-size:1.375rem;line-height:1.25;font-weight:600}
h2{margin:2rem 0 .5rem;font-size:.9375rem;font-weight:600}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:flex-end;gap:.75rem 1.5rem;margin-bottom:1rem}
.head p{color:var(--dim)}
.crumb{font-size:.8125rem;margin-bottom:.125rem}
.acts{display:flex;flex-wrap:wrap;gap:.5rem}
button,.button{display:inline-block;font:inherit;font-weight:500;line-height:1.25;padding:.4375rem .8125rem;border:1px solid var(--line);border-radius:5px;background:var(--page);color:var(--text);text-decoration:none;cursor:pointer}
button:hover,.button:hover{border-color:var(--dim)}
button.main,.button.main{background:var(--link);border-color:var(--link);color:var(--on)}
button.plain{border:0;padding:0;background:none;color:var(--link);text-decoration:underline;font-weight:400}
table{width:100%;border-collapse:collapse}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.slim{max-width:46rem}
td.act{white-space:nowrap;text-align:right}
tbody th{min-width:9.5rem}
table:has(td.act) thead th:last-child{text-align:right}
th,td{text-align:left;vertical-align:top;padding:.4375rem 1rem .4375rem 0;border-top:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--dim);font-size:.8125rem;font-weight:400;vertical-align:bottom;border-top:0}
tbody th{font-weight:600}
.num{text-align:right;white-space:nowrap}
small{display:block;font-size:.8125rem;font-weight:400;color:var(--dim)}
time,.nowrap{white-space:nowrap}
.state{display:inline-flex;align-items:baseline;gap:.4375rem;font-weight:600;white-space:nowrap}
.state::before{content:"";flex:none;width:.6875rem;height:.6875rem;background:currentcolor;align-self:center}
.state.ok{color:var(--ok)}
.state.ok::before{border-radius:50%}
.state.bad{color:var(--bad)}
.state.bad::before{clip-path:polygon(50% 0,100% 100%,0 100%)}
.state.warn{color:var(--warn)}
.state.warn::before{clip-path:polygon(50% 0,100% 50%,50% 100%,0 50%)}
.state.held{color:var(--link)}
.state.held::before{border-radius:1px}
.state.off{color:var(--dim)}
.state.off::before{background:none;border:2px solid currentcolor;border-radius:50%}
svg.meter{display:block;width:100%;max-width:9rem;height:.375rem;margin:.3125rem 0 .1875rem;border-radius:2px}
td.num svg.meter{margin-left:auto}
.meter .track{fill:var(--track)}
.meter .one{fill:var(--link)}
.meter .ok{fill:var(--ok)}
.meter .two,.meter .warn{fill:var(--warn)}
.meter .bad{fill:var(--bad)}
.meter .off{fill:var(--dim)}
@media(forced-colors:active){.state::before{forced-color-adjust:none}.meter{forced-color-adjust:none}}
.count{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0 0 1rem;padding:0;list-style:none}
.note{margin:0 0 1rem;padding:.625rem .875rem;border-left:3px solid var(--link);background:var(--soft);border-radius:0 5px 5px 0}
.note.bad{border-color:var(--bad);background:var(--bad-soft)}
.note.warn{border-color:var(--warn);background:var(--warn-soft)}
.hint+.note{margin-top:.75rem}
.note form{display:inline}
.note>*+*{margin-top:.25rem}
.stale{border-left:3px solid var(--line);padding-left:.875rem}
.empty{padding:.875rem 0;border-top:1px solid var(--line);color:var(--dim);max-width:44rem}
.empty strong{display:block;color:var(--text)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem 1.5rem;margin:0 0 .5rem;padding:.875rem 0;border:solid var(--line);border-width:1px 0}
.facts dt{color:var(--dim);font-size:.8125rem}
.facts dd{margin:0}
form.card{max-width:30rem}
label.field{display:block;font-weight:600;margin-bottom:.25rem}
form.card textarea,.typed textarea,form.card input[type=text],form.card input[type=password],form.card select{width:100%;font:inherit;font-size:1rem;padding:.4375rem .5625rem;border:1px solid var(--dim);border-radius:5px;background:var(--page);color:var(--text)}
form.card [aria-invalid=true]{border-color:var(--bad);box-shadow:inset 0 0 0 1px var(--bad)}
h1+.note,h1+form.card,.hint+form.card,.note+form.card,.hint+table,p.hint+form{margin-top:1rem}
.fold+.note,.pages+.note{margin-top:1rem}
.hint+.acts{margin-top:.625rem}
.note ul{margin:.25rem 0 0;padding-left:1.25rem}
.said{font-size:1rem;max-width:46rem}
.said+.facts,.said+.fold,.said+.note{margin-top:1rem}
.cards{list-style:none;margin:0;padding:0}
.cards>li{border-top:1px solid var(--line);padding:.75rem 0 .875rem}
.cards h3{margin:0 0 .125rem;font-size:.9375rem;font-weight:600}
.cards p+p{margin-top:.25rem}
.cards p{max-width:52rem}
.cards .acts{margin-top:.5rem}
.findings{list-style:none;margin:.5rem 0 0;padding:0}
.findings li+li{margin-top:.375rem}
.hint{color:var(--dim);font-size:.8125rem;margin-top:.25rem}
.wrong{color:var(--bad);font-size:.8125rem;font-weight:600;margin-top:.25rem}
div.field{margin-bottom:1rem}
form.wide{max-width:46rem}
fieldset.field{border:0;margin:0 0 1rem;padding:0;min-width:0}
legend{font-weight:600;padding:0;margin-bottom:.25rem}
label.check{display:flex;gap:.4375rem;align-items:baseline}
.listed{list-style:none;margin:0;padding:0}
.listed li{display:grid;grid-template-columns:4rem 1fr auto;gap:.5rem .75rem;align-items:end;padding:.375rem 0;border-top:1px solid var(--line)}
.listed li>div>label{color:var(--dim);font-size:.8125rem}
.listed .place span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.listed .check{padding-bottom:.5rem}
.pages{margin-top:1rem;display:flex;gap:1.5rem}
code{font:.8125rem/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
pre{margin:.375rem 0 0;padding:.5rem .75rem;background:var(--soft);border-radius:5px;white-space:pre-wrap;font:.8125rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
pre.copy,code.copy{user-select:all;-webkit-user-select:all}
code.copy{background:var(--soft);border-radius:3px;padding:.0625rem .25rem}
.secret input{width:100%;font:1rem/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace;padding:.4375rem .5625rem;border:1px solid var(--dim);border-radius:5px;background:var(--soft);color:var(--text)}
.steps{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0 1rem;padding:.5rem 0;border:solid var(--line);border-width:1px 0}
.steps li[aria-current] a,.steps li[aria-current]{color:var(--text);font-weight:600;text-decoration:none}
.tick{color:var(--ok);font-size:.8125rem}
.onward{margin-top:1.5rem}
section>form.acts{margin:.75rem 0 1.25rem}
.choices{list-style:none;margin:0;padding:0;display:grid;gap:.5rem}
form.filter{display:flex;flex-wrap:wrap;align-items:flex-end;gap:0 1rem;margin-bottom:.5rem}
form.filter .acts{margin-bottom:1rem;align-self:center}
form.filter input{font:inherit;padding:.3125rem .5rem;border:1px solid var(--dim);border-radius:5px;background:var(--page);color:var(--text);max-width:100%}
.changed{margin:.375rem 0 0;font-size:.8125rem}
.changed div{display:grid;grid-template-columns:9rem 1fr;gap:.5rem}
.changed dt{color:var(--dim)}
.changed dd{margin:0}
summary{cursor:pointer;color:var(--link)}
details.field{margin-bottom:1rem}
details fieldset{border:0;margin:.25rem 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.125rem .75rem}
details fieldset label{display:flex;gap:.375rem;align-items:baseline}
@media(max-width:46rem){
.bar>div,main{padding-left:1rem;padding-right:1rem}
footer{width:calc(100% - 2rem)}
.bar>div{gap:0 1rem;padding-top:.5rem}
.bar nav{order:3;flex:1 0 100%}
.bar .acts{margin-left:auto}
main{padding-top:1.125rem}
.fold,.fold tbody,.fold tr,.fold td,.fold th{display:block;width:auto}
.fold thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.fold tr{border-top:1px solid var(--line);padding:.625rem 0;display:grid;grid-template-columns:1fr auto;gap:.125rem 1rem}
.fold td,.fold th{min-width:0;padding:0;border:0;grid-column:1/-1;text-align:left;white-space:normal}
.fold tbody th{font-size:.9375rem;grid-column:1;grid-row:1}
.fold td.lead{grid-column:2;grid-row:1}
.fold td[data-label]{display:grid;grid-template-columns:7rem 1fr;gap:.5rem}
.fold td[data-label]::before{content:attr(data-label);color:var(--dim);font-size:.8125rem}
.fold td.blank{display:none}
.fold td.act{grid-column:1/-1;text-align:left;padding-top:.25rem}
td.num svg.meter{margin-left:0}
}
.live{max-width:76rem;margin:0 auto}
.live:not(:empty){margin-top:.75rem;padding:.625rem 1.25rem;background:var(--warn-soft);border-left:3px solid var(--warn)}
figure.axis{margin:0}
.spans{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin-bottom:.5rem}
.spans nav{display:flex;gap:.125rem 1rem;flex-wrap:wrap}
.spans a{color:var(--dim);text-decoration:none;padding:.1875rem 0;border-bottom:2px solid transparent}
.spans a:hover{color:var(--text)}
.spans a[aria-current]{color:var(--text);border-color:var(--link)}
svg.trend{display:block;overflow:visible}
svg.axis{display:block;overflow:visible;touch-action:pan-y;-webkit-user-select:none;user-select:none}
.axis text{fill:var(--text);font-size:.75rem}
.axis text.scale{fill:var(--dim)}
.axis .lane{fill:none;stroke:var(--line)}
.axis .tick{stroke:var(--line)}
.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.line.v0{stroke:var(--link)}
.line.v1{stroke:var(--warn);stroke-dasharray:7 3}
.line.v2{stroke:var(--ok);stroke-dasharray:2 3}
.line.v3{stroke:var(--dim);stroke-dasharray:9 3 2 3}
.band rect.flat{fill:var(--bad);fill-opacity:.1}
#axis-hatch line{stroke:var(--bad);stroke-opacity:.22;stroke-width:2}
.band line{stroke:var(--bad)}
.axis .band text{fill:var(--bad);font-weight:600}
.on-backup{fill:var(--warn);fill-opacity:.55}
rect.order{fill:var(--link)}
.axis text.order{fill:var(--link)}
.mark line{stroke:var(--text);stroke-dasharray:1 3}
.mark circle{fill:var(--text)}
.axis .mark text{fill:var(--page);font-size:.6875rem;font-weight:600}
.axis .cross{stroke:var(--dim);pointer-events:none}
.axis .chosen{pointer-events:none;fill:var(--link);fill-opacity:.2;stroke:var(--link)}
.usual{fill:var(--link);fill-opacity:.13}
.trend .line{stroke-width:1.5}
.line.mean{stroke:var(--dim);stroke-width:1;stroke-dasharray:3 3}
.meant rect.flat{fill:var(--dim);fill-opacity:.08}
#trend-hatch line{stroke:var(--dim);stroke-opacity:.4;stroke-width:2}
.axis .meant text{fill:var(--dim);font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}
rect.odd{fill:var(--bad);fill-opacity:.1}
svg.odd.bad{fill:var(--bad)}
svg.odd.warn{fill:var(--warn)}
.readout{min-height:1.3em;font-size:.8125rem;color:var(--dim)}
.legend{display:flex;flex-wrap:wrap;gap:.125rem 1.25rem;list-style:none;margin:0 0 .5rem;padding:0;font-size:.8125rem;color:var(--dim)}
.legend svg{vertical-align:middle;margin-right:.375rem}
details{margin-top:.5rem}
summary{cursor:pointer;color:var(--link)}
details .fold{margin-top:.75rem}
@media(forced-colors:active){svg.axis,svg.trend,.legend svg{forced-color-adjust:none;background:var(--page)}}
@media print{:root{color-scheme:light}.bar,.acts,.pages,.spans,.live,footer form,.skip{display:none}main{padding:0;max-width:none}body{font-size:9pt}tr{break-inside:avoid}a{color:inherit}}
`;
