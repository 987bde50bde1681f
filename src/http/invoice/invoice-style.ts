/** The one style of an invoice: wide and narrow screens, light and dark, A4. Its hash is in the page's Content-Security-Policy. */
export const invoiceStyle = `
:root{color-scheme:light;--text:#15181c;--dim:#58616b;--line:#d8dde2;--strong:#15181c;--page:#fff;--mark:#eef1f4;--link:#0b57a4}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--text:#e4e8ec;--dim:#9ba5af;--line:#2c343c;--strong:#8b95a0;--page:#101418;--mark:#222a32;--link:#86baf6}}
*{box-sizing:border-box}
html{font-size:16px;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:.9375rem/1.45 "Segoe UI","Helvetica Neue",Helvetica,Arial,system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:60rem;margin:0 auto;padding:2.5rem 2rem 3rem}
a{color:var(--link)}
p{margin:0}
header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem 2rem;border-bottom:2px solid var(--strong);padding-bottom:.75rem}
header p{text-align:right;color:var(--dim)}
header+p{margin-top:1rem}
h1{margin:0;font-size:1.625rem;line-height:1.2;font-weight:600}
h1 span{font-weight:400}
h2{margin:0 0 .375rem;font-size:.75rem;font-weight:600;letter-spacing:.04em;text-transform:uppercase;color:var(--dim)}
section{margin-top:1.75rem}
.parties{display:flex;flex-wrap:wrap;gap:0 2.5rem}
.parties section{flex:1 1 13rem;min-width:0}
.parties .facts{flex:1.3 1 17rem}
.parties p span{color:var(--dim)}
dl{margin:0}
.facts dl div{display:grid;grid-template-columns:6rem 1fr;gap:.75rem}
dt{color:var(--dim)}
dd{margin:0}
table{width:100%;border-collapse:collapse}
caption{text-align:left;color:var(--dim);font-size:.8125rem;padding-bottom:.375rem}
caption h2{display:inline;margin-right:.5rem}
th,td{text-align:right;vertical-align:top;padding:.3125rem 0 .3125rem 1rem;border-top:1px solid var(--line)}
th:first-child{text-align:left;padding-left:0}
th{font-weight:600}
thead th{color:var(--dim);font-size:.8125rem;font-weight:400;vertical-align:bottom;border-top:0}
thead{border-bottom:1px solid var(--strong)}
tbody tr:first-child>*{border-top:0}
td{white-space:nowrap}
small{display:block;font-size:.8125rem;font-weight:400;color:var(--dim)}
i{margin-left:.25rem;font-style:normal;color:var(--text);background:var(--mark);border-radius:3px;padding:0 .3125rem;white-space:nowrap}
sup{line-height:0;font-size:.75em}
.fold{font-size:.875rem}
.fold small{font-size:.75rem}
.fold th:first-child{width:38%}
section.totals{display:grid;grid-template-columns:1fr minmax(20rem,26rem);gap:0 2.5rem}
.totals h2{grid-column:1/-1}
.due p{color:var(--dim)}
.due .figure{color:var(--text);font-size:2rem;line-height:1.25;font-weight:600}
.due .how{color:var(--text);margin-top:.75rem}
.due .how+.how{margin-top:.375rem}
.totals caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.totals th{font-weight:400}
.totals th small{display:inline}
.totals tr:last-child>*{border-top:2px solid var(--strong);font-weight:600}
.notes{font-size:.8125rem;color:var(--dim)}
.notes p,.notes dl{margin-top:.5rem}
.notes dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem .75rem}
.notes dt{color:var(--text)}
@media screen and (max-width:44rem){
main{padding:1.25rem 1rem 2rem}
header{display:block}
header p{text-align:left;margin-top:.25rem}
h1{font-size:1.375rem}
section.totals{display:block}
.due{margin-bottom:.75rem}
.fold,.fold caption,.fold tbody,.fold tr,.fold td,.fold th{display:block;width:auto}
.fold thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.fold tr{border-top:1px solid var(--line);padding:.5rem 0}
.fold tbody th:first-child{width:auto;padding:0 0 .125rem;border:0;font-size:.9375rem}
.fold td{display:flow-root;padding:0;border:0;white-space:normal}
.fold td::before{float:left;color:var(--dim)}
.lines td:nth-child(2)::before{content:"Primary, GiB"}
.lines td:nth-child(3)::before{content:"Backup, GiB"}
.lines td:nth-child(4)::before{content:"Storm"}
.lines td:nth-child(5)::before{content:"Amount"}
.lines td:nth-child(6)::before{content:"Discount"}
.services td:nth-child(2)::before{content:"Lines"}
.services td:nth-child(3)::before{content:"Primary, GiB"}
.services td:nth-child(4)::before{content:"Backup, GiB"}
.services td:nth-child(5)::before{content:"Amount"}
.services td:nth-child(6)::before{content:"Discount"}
.services td:nth-child(7)::before{content:"Net"}
}
@page{size:A4;margin:12mm 14mm 13mm;@bottom-right{content:counter(page) " / " counter(pages);font:7pt Helvetica,Arial,sans-serif;color:#58616b}}
@media print{
html{font-size:9pt}
body{line-height:1.3}
main{--gap:2.1mm;--row:.3mm;--size:7.25pt;--under:6.25pt;max-width:none;padding:0}
main.airy{--gap:6mm;--row:.8mm;--size:8pt;--under:7pt}
section{margin-top:var(--gap)}
header{padding-bottom:1.5mm}
.fold{font-size:var(--size);line-height:1.2}
.fold small{font-size:var(--under)}
.fold th,.fold td{padding-top:var(--row);padding-bottom:var(--row)}
caption,thead th,.notes{font-size:6.75pt}
.due .figure{font-size:16pt}
.totals th,.totals td{padding-top:.4mm;padding-bottom:.4mm}
.notes p,.notes dl{margin-top:1mm}
thead{display:table-header-group}
tr,.parties,.totals{break-inside:avoid}
h2,caption{break-after:avoid}
a{color:inherit}
.screen{display:none}
}
`;
