/** The style of the page: screen in light and dark, narrow and wide, and paper. */
import { DARK, declarations, LIGHT } from './palette.ts';

/** Below this width of the screen the narrow drawing of a chart is shown. */
const NARROW_PX = 700;

export const STYLE = `
:root{color-scheme:light;${declarations(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${declarations(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
header,nav,main,footer{max-width:1120px;margin:0 auto;padding:0 16px}
h1,h2,h3{line-height:1.25;text-wrap:balance}
h1{font-size:1.6rem;margin:28px 0 4px}
h2{font-size:1.3rem;margin:0 0 12px}
h3{font-size:1.05rem;margin:28px 0 8px}
p{margin:8px 0;max-width:46rem}
a{color:var(--blue)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
section{border-top:1px solid var(--rule);padding:24px 0 8px;margin-top:24px}
.muted{color:var(--muted)}
.said{color:var(--muted);border-left:3px solid var(--rule);padding-left:12px}
nav{padding:0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:16px 0 0;padding:0}
.attention{border-left:6px solid var(--tone);margin:8px 0 0;padding:4px 18px 4px 36px}
.attention a{color:var(--tone)}
.in-short{margin-top:24px}
.verdict{border:1px solid var(--rule);border-left:6px solid var(--tone);border-radius:6px;background:var(--panel);padding:14px 18px;margin:16px 0 0;font-size:1.15rem;max-width:none}
.verdict strong{color:var(--tone);display:block;font-size:.85rem;letter-spacing:.02em}
.blue{--tone:var(--blue)}.green{--tone:var(--green)}.amber{--tone:var(--amber)}.red{--tone:var(--red)}.violet{--tone:var(--violet)}.muted-tone{--tone:var(--muted)}
.badge{display:inline-block;border:1px solid var(--tone);border-radius:99px;color:var(--tone);font-size:.8rem;font-weight:600;line-height:1.4;padding:0 9px;white-space:nowrap}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:12px;margin:16px 0 0}
.answers>div{background:var(--panel);border-radius:6px;padding:12px 16px}
.answers dt{font-weight:650}
.answers dd{margin:4px 0 0}
.facts{display:flex;flex-wrap:wrap;gap:10px 40px;margin:12px 0}
.facts dt{color:var(--muted);font-size:.85rem}
.facts dd{font-size:1.15rem;font-weight:600;margin:0;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:100%}
caption{text-align:left;color:var(--muted);padding:0 0 6px}
th,td{border-bottom:1px solid var(--rule);padding:5px 14px 5px 0;text-align:left;vertical-align:top;overflow-wrap:normal}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:500}
tfoot td,tfoot th{font-weight:600}
.number{text-align:right;white-space:nowrap}
td.number+td:not(.number),th.number+th:not(.number){padding-left:14px}
.long{min-width:16rem;max-width:34rem;overflow-wrap:anywhere}
time,data{white-space:nowrap}
bdi{white-space:pre-wrap;overflow-wrap:anywhere}
tbody th bdi{display:inline-block;width:max-content;max-width:min(26rem,55vw)}
figure{margin:16px 0}
figcaption{color:var(--muted);font-size:.9rem;margin-bottom:6px}
figure svg{display:block;width:100%;height:auto}
figure text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;unicode-bidi:plaintext}
.narrow{display:none!important}
.keys{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 4px;padding:0;font-size:.85rem}
.keys li::before{content:"";display:inline-block;width:14px;height:3px;margin-right:6px;vertical-align:middle;background:var(--tone)}
details{margin:6px 0}
summary{color:var(--blue);cursor:pointer;font-size:.9rem}
article{border:1px solid var(--rule);border-radius:6px;padding:10px 16px;margin:12px 0}
article p{margin:5px 0}
.findings{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:12px;align-items:start}
.findings article{margin:0;font-size:.93rem}
article h3{margin:0 0 4px;display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center}
pre{background:var(--panel);border-radius:6px;padding:10px 14px;white-space:pre-wrap;font-size:.85rem}
footer{border-top:1px solid var(--rule);margin-top:32px;padding:16px;color:var(--muted);font-size:.85rem}
@media (max-width:${NARROW_PX}px){
body{font-size:15px}
.wide{display:none!important}
.narrow{display:block!important;max-width:480px}
}
@media print{
@page{margin:14mm}
body{font-size:10.5pt}
header,main,footer{max-width:none;padding:0}
nav,details:not([open]){display:none}
.wide{display:block!important}
.narrow{display:none!important}
.scroll{overflow:visible}
table{font-size:8.5pt}
h2,h3,figcaption,caption,thead{break-after:avoid}
figure,article,tr,.verdict,.answers>div,.facts{break-inside:avoid}
thead{display:table-header-group}
.findings{display:block}
.findings article{margin:0 0 8px;font-size:9pt}
.facts dd{font-size:1rem}
figure{margin:8px 0}
h3{margin:16px 0 4px}
section{margin-top:8px;padding-top:12px}
.new-page{break-before:page}
p{orphans:3;widows:3}
a{color:inherit}
a[href^="https"]::after{content:" (" attr(href) ")";font-size:.85em;overflow-wrap:anywhere}
}
`.trim();
