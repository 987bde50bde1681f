/** The one style of a printed invoice: A4 or Letter, black on white. Its digest is in the page's policy. */
export const invoiceStyle = `
@page{size:A4;margin:14mm}
*{box-sizing:border-box}
body{margin:0 auto;max-width:182mm;padding:6mm 0;color:#111;background:#fff;font:10pt/1.4 system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
header{display:flex;justify-content:space-between;align-items:flex-start;border-bottom:2px solid #111;padding-bottom:3mm;margin-bottom:4mm}
h1{font-size:18pt;line-height:1.1;margin:0}
.brand{font-weight:600;text-align:right}
dl{display:grid;grid-template-columns:max-content 1fr max-content max-content;gap:.5mm 4mm;margin:0 0 5mm;font-size:9pt}
dt{color:#555}
dd{margin:0}
table{width:100%;border-collapse:collapse;font-size:7.5pt;line-height:1.2;font-variant-numeric:tabular-nums}
.lines{table-layout:fixed}
.lines th:first-child{width:34%}
thead{display:table-header-group}
tr{break-inside:avoid}
th{text-align:left;font-weight:600;border-bottom:1px solid #111;padding:1mm 1.5mm;vertical-align:bottom}
td{border-bottom:1px solid #ddd;padding:.5mm 1.5mm;vertical-align:top}
td b,td small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
td b{font-weight:600}
td small{color:#555;font-size:7pt}
.n{text-align:right;white-space:nowrap}
.lines .a{width:12%}
.lines .c{width:11%}
.totals{margin:4mm 0 0 auto;width:auto;min-width:70mm;font-size:10pt;line-height:1.4;break-inside:avoid}
.totals td{border:0;padding:.7mm 1.5mm}
.totals tr:last-child td{border-top:2px solid #111;font-weight:700;font-size:12pt}
.small{color:#444;font-size:8pt;margin:5mm 0 0;break-inside:avoid}
@media print{body{padding:0}}
`;
