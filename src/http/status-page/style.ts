/** The one style of status pages: wide and narrow screens, light and dark, print. Its hash is in their Content-Security-Policy. */
export const statusStyle = `
:root{color-scheme:light;--text:#15181c;--dim:#58616b;--line:#d8dde2;--page:#fff;--link:#0b57a4;--bad:#b3261e;--warn:#8a5200;--ok:#1a7036;--off:#aab3bc;--bad-soft:#fdeceb;--warn-soft:#fdf3e1;--ok-soft:#e9f5ec;--plan-soft:#e8f0fa;--off-soft:#eef1f4}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--text:#e4e8ec;--dim:#9ba5af;--line:#2c343c;--page:#101418;--link:#86baf6;--bad:#ff8d83;--warn:#f0b849;--ok:#62c97e;--off:#55606b;--bad-soft:#2d1715;--warn-soft:#2a2110;--ok-soft:#12251a;--plan-soft:#14212f;--off-soft:#1c232a}}
*,*::before{box-sizing:border-box}
html{font-size:16px;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:.9375rem/1.5 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:54rem;margin:0 auto;padding:2rem 1.25rem 3rem}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
p,h1,h2,h3,ul,ol{margin:0;padding:0}
h1{font-size:1.25rem;font-weight:600}
h2{margin:2.25rem 0 .25rem;font-size:1rem;font-weight:600}
h3{font-size:1rem;font-weight:600}
ul,ol{list-style:none}
.dim,footer{color:var(--dim);font-size:.8125rem}
.banner{margin:1rem 0 0;padding:1rem 1.125rem;border-radius:6px;border-left:4px solid currentcolor}
.banner p{color:var(--text)}
.banner .state{font-size:1.25rem;font-weight:600}
.banner.ok{background:var(--ok-soft);color:var(--ok)}
.banner.warn,.note{background:var(--warn-soft);color:var(--warn)}
.banner.bad{background:var(--bad-soft);color:var(--bad)}
.banner.plan{background:var(--plan-soft);color:var(--link)}
.banner.off{background:var(--off-soft);color:var(--dim)}
.note{margin-top:1rem;padding:.75rem 1.125rem;border-radius:6px;border-left:4px solid currentcolor}
.state{display:inline-flex;align-items:baseline;gap:.4375rem;font-weight:600}
.state::before{content:"";flex:none;width:.6875rem;height:.6875rem;background:currentcolor;align-self:center}
.state.ok{color:var(--ok)}
.state.ok::before{border-radius:50%}
.state.bad{color:var(--bad)}
.state.bad::before{clip-path:polygon(50% 0,100% 100%,0 100%)}
.state.warn{color:var(--warn)}
.state.warn::before{clip-path:polygon(50% 0,100% 50%,50% 100%,0 50%)}
.state.plan{color:var(--link)}
.state.plan::before{border-radius:1px}
.state.off{color:var(--dim)}
.state.off::before{background:none;border:2px solid currentcolor;border-radius:50%}
.row{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:0 1rem}
.services>li{padding:.875rem 0;border-top:1px solid var(--line)}
.services>li:first-child{border-top:0}
svg.days{display:block;width:100%;height:2.125rem;margin:.375rem 0 .25rem}
.days rect{width:3px;fill:var(--ok)}
.days .f{height:30px}
.days .l{y:7px;height:23px;fill:var(--warn)}
.days .m{y:14px;height:16px;fill:var(--bad)}
.days .n{y:25px;height:5px;fill:var(--off)}
@media(forced-colors:active){.state::before,.days{forced-color-adjust:none}}
summary{cursor:pointer;color:var(--link)}
details{font-size:.8125rem}
table{border-collapse:collapse;margin:.25rem 0}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:left;font-weight:400;vertical-align:top;padding:.125rem 1.25rem .125rem 0}
article{padding:.875rem 0;border-top:1px solid var(--line)}
article ol{margin-top:.5rem}
article li{padding:.25rem 0 .25rem .875rem;border-left:2px solid var(--line)}
.none{padding:.5rem 0;color:var(--dim)}
footer{margin-top:2.5rem;padding-top:.75rem;border-top:1px solid var(--line);display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
footer span{flex:1 1 18rem}
@media print{main{padding:0;max-width:none}footer a,details:not([open]){display:none}article,li{break-inside:avoid}.banner,.note,.days{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
