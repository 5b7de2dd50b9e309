/** The style of the error page: system fonts, both colour schemes, readable on a phone. */
export const ERROR_STYLE = `
:root{--ink:#1d2328;--quiet:#5d6870;--faint:#e3e6e8;--paper:#fff;--ground:#f5f6f7;--red:#b3261e;--hit:#fdecea;--mark:#f7c4bf;--link:#1f5f99}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7e9;--quiet:#98a3ab;--faint:#30373d;--paper:#1b2024;--ground:#14181b;--red:#ff8a80;--hit:#3a2322;--mark:#7d3530;--link:#8cc2f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;-webkit-text-size-adjust:100%}
header,main,footer{max-width:64rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.5rem}
code,pre,.place,.function,h1,h2,dd,th{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
code{font-size:.92em}
header p{margin:0;color:var(--quiet);overflow-wrap:anywhere}
.badge{display:inline-block;padding:0 .5rem;border-radius:.25rem;background:var(--red);color:var(--paper);font-weight:600;font-variant-numeric:tabular-nums}
.request{color:var(--ink)}
section{margin:1rem 0 2rem}
h1,h2{margin:.5rem 0 1rem;font-weight:400;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere}
h1{font-size:1.3rem}
h2{font-size:1.05rem}
.name{display:block;color:var(--red);font-weight:600}
.relation{margin:0;color:var(--quiet)}
dl{margin:0 0 1rem;font-size:.875rem}
dl div{display:flex;gap:.75rem}
dt{min-width:6rem;color:var(--quiet)}
dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.frame,.foreign{margin:0 0 .5rem;background:var(--paper);border:1px solid var(--faint);border-radius:.375rem;overflow:hidden}
p.frame{padding:.45rem .9rem}
summary{padding:.45rem .9rem;cursor:pointer;overflow-wrap:anywhere}
summary:focus-visible{outline:2px solid var(--link);outline-offset:-2px}
.place{font-size:.875rem;overflow-wrap:anywhere}
.function{font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.foreign{border-style:dashed;background:none;color:var(--quiet);font-size:.875rem}
.foreign ol{margin:0;padding:0 .9rem .6rem;list-style:none}
pre{margin:0;padding:.4rem 0;border-top:1px solid var(--faint);overflow-x:auto;font-size:.85rem;line-height:1.55;tab-size:2}
pre code{display:block;width:max-content;min-width:100%;font-size:inherit}
.line{display:block;padding-right:1rem}
.line::before{content:attr(data-line);display:inline-block;width:3.5rem;margin-right:1rem;padding-right:.6rem;text-align:right;color:var(--quiet);border-right:1px solid var(--faint)}
.hit{background:var(--hit)}
.hit::before{color:var(--red);font-weight:600;border-color:var(--red)}
mark{background:var(--mark);color:inherit;border-radius:.15rem}
.environ{margin:2rem 0}
.environ>summary{padding:.45rem 0;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.times{color:var(--quiet);font-size:.875rem}
table{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--faint);font-size:.85rem}
tr+tr{border-top:1px solid var(--faint)}
th,td{padding:.35rem .9rem;text-align:left;vertical-align:top}
th{width:19rem;font-weight:400;color:var(--quiet);overflow-wrap:anywhere}
td code{white-space:pre-wrap;overflow-wrap:anywhere}
.secret summary{padding:0;color:var(--quiet)}
footer{padding-bottom:3rem;color:var(--quiet);font-size:.875rem}
@media(max-width:40rem){header,main,footer{padding-left:.75rem;padding-right:.75rem}h1{font-size:1.1rem}th,td{display:block;width:auto;padding:.3rem .75rem}td{padding-top:0}.line::before{width:2.6rem;margin-right:.6rem}.request{display:block}}
`;
