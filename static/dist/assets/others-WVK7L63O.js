import{B as Ne,D as De,E as je,F as Ue,G as He,H as W,I as B,J as Lt,K as Ye,a as ke,b as xe,c as v,d as qe,e as Ae,f as Oe,g as Be,h as Te,i as Fe,j as Ot,k as Le,m as Re,n as y,o as pt,p as Bt,q as $t,r as ut,s as Tt,t as Me,u as Ie,v as Ft,w as ft,x as bt,y as z,z as Ee}from"/assets/chunk-UESVV6CD.js";import{b as Ge}from"/assets/chunk-A4M5J2A3.js";import{f as At}from"/assets/chunk-PWI7SBY2.js";import{A as ce,Ba as x,Ca as G,Da as R,Ea as D,F as de,Fa as h,Ga as w,Ha as dt,I as pe,Ia as J,Ja as Se,Ka as U,La as H,Ma as K,Na as V,O as yt,Oa as S,P as $e,Pa as lt,Q as Ut,Qa as Wt,Ra as Ce,Sa as Pe,W as ue,_a as We,a as u,aa as fe,b as T,d as Dt,da as be,db as ze,e as le,ea as he,eb as Je,f as a,h as F,ha as ge,i as me,l as L,la as Ht,m as N,o as e,oa as st,p as St,pa as Pt,ra as qt,s as A,sa as ye,t as k,u as M,ua as rt,v as Ct,wa as ve,x as jt,xa as we,y as b,ya as _e}from"/assets/chunk-734SKB3L.js";import{b as re,e as ne,g as ie,l as _,m as I,n as ot,o as xt,p as E,q as O}from"/assets/chunk-3OLAASAO.js";var na=[1,2,5,10],ia=[[.02,"legendary"],[.1,"epic"],[.3,"rare"],[1,"common"]];function Ke(t,s,o=100,n=3){let r=Math.min(0,t),i=Math.max(0,s),m=Math.max(o,(i-r)/n),l=10**Math.floor(Math.log10(m/o)),c=na.map(p=>p*l*o).find(p=>p>=m-1e-9),d=Math.floor(r/c),$=Math.max(d+1,Math.ceil(i/c));return Array.from({length:$-d+1},(p,f)=>(d+f)*c)}function Ze(t){return[t.before,...t.items.map(s=>s.total)]}function Qe(t){return Object.entries(t.by_game_type??{}).filter(([,s])=>s.games>0).sort(([,s],[,o])=>o.games-s.games).map(([s])=>s)}function ht(t){let s=Object.keys(t.nets??{}).sort((o,n)=>(n==="RUB")-(o==="RUB")||o.localeCompare(n));return s.length?s:["RUB"]}function Xe(t={}){let s=Object.entries(t).filter(([,n])=>n>0).sort(([,n],[,r])=>r-n),o=s[0]?.[1]??1;return s.map(([n,r])=>({color:n,n:r,share:r/o}))}function Ve(t,s){let o=new Map(s.map(n=>[n.code,n.earned_at]));return t.map(n=>({...n,earned_at:o.get(n.code)??null})).sort((n,r)=>n.earned_at&&r.earned_at?n.earned_at<r.earned_at?1:-1:n.earned_at||r.earned_at?n.earned_at?-1:1:r.rarity-n.rarity)}var ts=t=>ia.find(([s])=>t<=s)?.[1]??"common";function Rt(t,s){let o=[];for(let n of t){let r=s(n);o.at(-1)?.day!==r&&o.push({day:r,items:[]}),o.at(-1).items.push(n)}return o}var es=(t,s)=>t.filter(o=>s==="all"||o.won===(s==="won"));function at(t){let s=Object.entries(t).filter(([,o])=>o&&o!=="all").map(([o,n])=>`${o}=${encodeURIComponent(n)}`);return s.length?`?${s.join("&")}`:""}async function ss(t,s,o,n=5){let r=null;for(let i=0;i<n;i+=1){let{items:m,next_cursor:l}=await t(`/api/v1/stats/leaderboard${at({...s,limit:200,...r&&{cursor:r}})}`),c=m.find(d=>d.user_id===o);if(c||!l)return c??null;r=l}return null}var Yt={items:[],next:null,loaded:!1,error:null};function tt(t,s=[]){let[o,n]=u({...Yt,path:t}),r=Dt(null),i=o.path===t?o:{...Yt,path:t},m=async l=>{let c=r.current={},d=await _(t+(l?`${t.includes("?")?"&":"?"}cursor=${encodeURIComponent(l)}`:"")).catch($=>({error:$}));r.current===c&&(r.current=null,n($=>{let p=$.path===t?$:{...Yt,path:t};return d.error?{...p,error:d.error}:{path:t,items:l?[...p.items,...d.items]:d.items,next:d.next_cursor,loaded:!0,error:null}}))};return T(()=>(m(null),()=>{r.current=null}),[t,...s]),{...i,more:()=>i.next&&!r.current&&m(i.next),retry:()=>m(i.loaded?i.next:null)}}function Z({pages:t,empty:s,count:o=t.items.length}){return t.error?a`<${j} error=${t.error} onRetry=${t.retry} />`:t.loaded?t.next?a`<button type="button" class="ghost" data-testid="more" onClick=${t.more}>${e("people.more")}</button>`:o?null:a`<p class="quiet" data-testid="empty">${s}</p>`:a`<p class="quiet" role="status">${e("state.loading")}</p>`}function j({error:t,onRetry:s}){let o=F(Pt)==="online",n=Dt(o);return T(()=>{o&&!n.current&&s(),n.current=o},[o]),a`<div class="failed"><${h} error=${t} />
    <button type="button" class="ghost" data-testid="retry" onClick=${s}>${e("people.retry")}</button></div>`}var la=[["stats","/stats"],["leaderboard","/leaderboard"],["history","/history"],["achievements","/achievements"]];function nt({at:t}){return a`<nav class="sections" aria-label=${e("nav.stats")}>
    ${la.map(([s,o])=>a`<button type="button" key=${s} class=${t===s?"on":""} aria-current=${t===s?"page":void 0}
      data-testid="section-${s}" onClick=${()=>b(o,{replace:!0})}>${e(`section.${s}`)}</button>`)}
  </nav>`}function it({parts:t}){let s=0;return a`<svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="8" />
    ${t.map(([o,n])=>{let r=s;return s+=n*100,a`<rect key=${o} class=${o} x=${r} width=${n*100} height="8" />`})}</svg>`}function ma({me:t}){let{value:s,error:o,retry:n}=y(async()=>{let[i,m]=await Promise.all([_("/api/v1/stats/achievements"),O(`/api/v1/stats/users/${t.id}/achievements`)]);return Ve(i.items,m)},[t.id,F(rt)]),r=s?.filter(i=>i.earned_at).length;return a`<main class="page" data-testid="achievements">
    <${w} title=${e("section.achievements")}><${W} /></${w}>
    <${x} />
    <${nt} at="achievements" />
    <div class="sheet">
      ${!s&&o&&a`<${j} error=${o} onRetry=${n} />`}
      ${!s&&!o&&a`<p class="quiet" role="status">${e("state.loading")}</p>`}
      ${s&&a`<div class="rows padded stack"><p><b>${e("awards.count",{n:r,all:s.length})}</b></p><${it} parts=${[["won",r/s.length]]} />
        ${!r&&a`<p class="quiet">${e("awards.none")}</p>`}</div>
        <ul class="rows awards">${s.map(i=>a`<${ca} key=${i.code} one=${i} />`)}</ul>`}
    </div>
    <${B} at="stats" />
  </main>`}function ca({one:t}){let s=new Intl.NumberFormat(N.get(),{style:"percent",maximumFractionDigits:t.rarity<.1?1:0}).format(t.rarity),o=t.rarity>0||!t.earned_at,n=o?ts(t.rarity):"common";return a`<li class="award${t.earned_at?"":" locked"}" data-testid="award" data-earned=${String(!!t.earned_at)}>
    <span class="medal ${n}"><${G} name=${t.earned_at?"cup":"lock"} size=${22} /></span>
    <span class="who"><b class="name">${De(t)}</b><span class="how">${je(t)}</span>
      ${o&&a`<span class="said"><span class="rarity">${e(`rarity.${n}`)}</span> · ${t.rarity>0?e("awards.rarity",{share:s}):e("awards.nobody")}</span>`}</span>
    <span class="said">${t.earned_at?k(t.earned_at):a`<span class="hidden">${e("awards.locked")}</span>`}</span>
  </li>`}function zt(t){return t.consumers===0?"idle":t.latency_ms>t.target_ms?"slow":"fine"}function Gt(t){return t.is_live?"live":t.has_unpublished?"behind":"gone"}function da({by:t,id:s},o){let n=new URLSearchParams({order:"newest",limit:"200"});return s.trim()&&n.set(t,s.trim()),o&&n.set("cursor",o),`/api/v1/admin/audit?${n}`}async function as(t,s,o=10){let n=[],r=null;for(let m=0;m<o;m+=1){let l=await t(da(s,r));if(n.push(...l.items),r=l.next_cursor,!r)break}let i=new Map(n.map(m=>[m,Date.parse(m.timestamp)]));return{items:n.sort((m,l)=>i.get(l)-i.get(m)),cut:!!r}}function os(t){let s=new Map;for(let{event_type:o,data:n,game_id:r}of t)o==="game.started"?s.set(r,n.number):n?.display_name&&n.participant_id?s.set(n.participant_id,n.display_name):n?.creator_display_name&&s.set(n.creator_participant_id,n.creator_display_name);return s}async function rs(t,s){let o=[];for(let n of t)try{await s(n)}catch(r){r.status!==404&&o.push({id:n,error:r})}return o}var Mt=["session_id","user_id","correlation_id"],Jt=100;function pa(t){let s=new URLSearchParams(t),o=Mt.find(n=>s.get(n));return{by:o??Mt[0],id:o?s.get(o):""}}function $a({event_type:t,game_id:s,data:o},n){let r=o?.display_name??n.get(o?.participant_id)??"…";if(ue({type:t}))return`${r} · ${Ce({type:t,data:o})} ${Pe({type:t,data:o})}`.trim();if(t==="game.event_voided")return e("command.void_event");let i=t==="session.created"?o.name:r;return St(`event.${t}`)?e(`event.${t}`,{name:i,n:n.get(s)??""}).replace(/\s+/g," "):null}function ns(){let[t,s]=u(()=>pa(location.search)),[o,n]=u(t),[r,i]=u(Jt),{value:m,error:l}=y(()=>as(_,o),[o]),c=(p,f)=>{let g={by:p,id:f};s(g),n(g),i(Jt)},d=os(m?.items??[]);return a`<form class="form audit-form" onSubmit=${p=>{p.preventDefault(),c(t.by,t.id)}}>
      <${K} label=${e("admin.audit_by")} value=${t.by} options=${U("admin.by",Mt)} onChange=${p=>s({...t,by:p})} />
      <${S} label=${e("admin.audit_id")} maxlength="64" value=${t.id} data-testid="audit-id" onInput=${p=>s({...t,id:p.target.value})} />
      <button type="submit" class="ghost" data-testid="audit-search">${e("admin.audit_search")}</button>
    </form>
    <${h} error=${l} />
    ${!m&&!l&&a`<p class="quiet">${e("state.loading")}</p>`}
    ${m?.cut&&a`<p class="problem" role="status">${e("admin.audit_cut")}</p>`}
    ${m?.items.length===0&&a`<p class="quiet" data-testid="audit-none">${e("admin.audit_none")}</p>`}
    <ol class="audit">${(m?.items??[]).slice(0,r).map(p=>a`<li class="rows" key=${p.event_id} data-testid="audit-line"><details><summary><span class="who"><${ua} entry=${p} words=${$a(p,d)} /></span></summary>
        <div class="audit-more">${Mt.filter(f=>p[f]).map(f=>a`<button type="button" class="small" data-testid="audit-${f}" onClick=${()=>c(f,p[f])}>${e(`admin.by.${f}`)}</button>`)}</div>
        <pre tabindex="0">${JSON.stringify(p,null,2)}</pre></details></li>`)}</ol>
    ${m&&m.items.length>r&&a`<button type="button" class="ghost" data-testid="audit-more" onClick=${()=>i(r+Jt)}>${e("admin.more",{n:m.items.length-r})}</button>`}`}function ua({entry:t,words:s}){let o=`${k(t.timestamp)}, ${M(t.timestamp)} · ${t.source_service}`;return a`<b class="name">${s??t.event_type}</b><span class="sub">${s?`${t.event_type} · `:""}${o}</span>`}var is=t=>`/api/v1/admin/dead-letters/${t}`;function ls(){let[t,s]=u(0),[o,n]=u(new Set),{value:r,error:i}=y(()=>O("/api/v1/admin/dead-letters"),[t]),m=v(),l=(r??[]).map(p=>p.id),c=l.filter(p=>o.has(p)),d=p=>n(f=>{let g=new Set(f);return g.delete(p)||g.add(p),g}),$=p=>m.ask(async()=>{let f=await rs(c,p);if(n(new Set(f.map(g=>g.id))),s(t+1),f.length)throw f[0].error});return a`<${h} error=${m.error??i} />
    ${!r&&!i&&a`<p class="quiet">${e("state.loading")}</p>`}
    ${r?.length===0&&a`<p class="note" data-testid="no-letters">${e("admin.no_letters")}</p>`}
    <div class="two"><button type="button" class="ghost" data-testid="letters-reload" onClick=${()=>s(t+1)}>${e("admin.reload")}</button>
      ${l.length>0&&a`<button type="button" class="ghost" data-testid="letters-all" onClick=${()=>n(c.length===l.length?new Set:new Set(l))}>${e(c.length===l.length?"admin.none":"admin.all")}</button>`}</div>
    ${c.length>0&&a`<div class="two" data-testid="letters-actions">
      <button type="button" class="big" disabled=${m.busy} data-testid="letters-replay" onClick=${()=>$(p=>I(`${is(p)}/replay`))}>${e("admin.replay",{n:c.length})}</button>
      <${R} label=${e("admin.discard",{n:c.length})} question=${e("admin.discard_ask",{n:c.length})} yes=${e("admin.discard",{n:c.length})} testid="letters-discard" onYes=${()=>$(p=>E(is(p)))} /></div>`}
    ${r?.length>0&&a`<div class="rows">${r.map(p=>a`<${fa} key=${p.id} letter=${p} on=${o.has(p.id)} onToggle=${()=>d(p.id)} />`)}</div>`}`}function fa({letter:t,on:s,onToggle:o}){return a`<div class="dead-letter" data-testid="letter">
    <label><input type="checkbox" checked=${s} aria-label=${e("admin.choose",{name:t.routing_key})} data-testid="letter-choose" onChange=${o} />
      <span class="who"><b class="name">${t.routing_key}</b><span class="quiet">${t.queue} · ${k(t.failed_at)}, ${M(t.failed_at)} · ${e("admin.attempts",{n:t.attempts})}</span></span></label>
    <details><summary data-testid="letter-look">${t.reason}</summary><pre tabindex="0">${JSON.stringify(t.envelope,null,2)}</pre></details>
  </div>`}var ba=3e3,ha=()=>fetch("/health/ready").then(t=>t.json(),()=>({status:"unreachable",down:[]}));function ms(){let[t,s]=u(0);T(()=>{let l=setInterval(()=>document.visibilityState==="visible"&&s(c=>c+1),ba);return()=>clearInterval(l)},[]);let{value:o}=y(ha,[t]),{value:n,error:r}=y(()=>O("/api/v1/admin/queues"),[t]),{value:i}=y(()=>O("/api/v1/admin/nodes"),[t]),m=new Intl.NumberFormat(N.get(),{maximumFractionDigits:0});return a`<h2 class="h">${e("admin.health")}</h2>
    ${o&&a`<p class=${o.status==="ok"?"note":"problem"} role="status" data-testid="admin-health">${o.status==="ok"?`✓ ${e("admin.ok")}`:e("admin.down",{what:o.down.join(", ")||"?"})}</p>`}
    ${i&&a`<h2 class="h">${e("admin.nodes")}</h2><div class="rows">${i.map(l=>a`<div class="queue ${Gt(l)}" key=${l.node_id} data-testid="node">
      <b class="name">${l.node_id}</b><span class="state">${e(`admin.node.${Gt(l)}`)}</span><span class="quiet">${e("admin.node_seen",{at:`${k(l.seen_at)}, ${M(l.seen_at)}`})}</span></div>`)}</div>`}
    <h2 class="h">${e("admin.queues")}</h2>
    <${h} error=${r} />
    ${!n&&!r&&a`<p class="quiet">${e("state.loading")}</p>`}
    ${n&&a`<div class="rows">${n.map(l=>a`<div class="queue ${zt(l)}" key=${l.name} data-testid="queue">
      <b class="name">${l.name}</b><span class="state">${e(`admin.queue.${zt(l)}`)}</span>
      <span class="quiet">${e("admin.queue_line",{n:m.format(l.messages),workers:m.format(l.workers),consumers:m.format(l.consumers),ms:m.format(l.latency_ms),target:m.format(l.target_ms)})}</span>
    </div>`)}</div>`}`}var Kt="/api/v1/admin/users";function cs(){let[t,s]=u(""),[o,n]=u("");T(()=>{let m=setTimeout(()=>n(t.trim()),250);return()=>clearTimeout(m)},[t]);let{value:r,error:i}=y(async()=>o?_(`${Kt}?query=${encodeURIComponent(o)}&limit=50`):null,[o]);return a`<${S} label=${e("chats.search")} type="search" maxlength="64" value=${t} data-testid="users-search" onInput=${m=>s(m.target.value)} />
    <${h} error=${i} />
    ${!o&&a`<p class="quiet">${e("admin.users_hint")}</p>`}
    ${o&&r?.items.length===0&&a`<p class="quiet">${e("chats.nobody")}</p>`}
    <div class="rows">${(o&&r?r.items:[]).map(m=>a`<${ga} key=${m.id} found=${m} />`)}</div>`}function ga({found:t}){let[s,o]=u(t),[n,r]=u(null),{ask:i,busy:m,error:l}=v(),c=f=>async()=>o(await i(()=>ot(`${Kt}/${s.id}`,f))??s),d=async()=>r((await i(()=>I(`${Kt}/${s.id}/password-reset`)))?.password??null),$=s.role==="admin",p=(f,g,{danger:P=!1}={})=>a`<${R} key=${f} label=${e(`admin.${f}`)} question=${e(`admin.${f}_ask`,{name:s.display_name})} yes=${e(`admin.${f}`)} testid=${`user-${f}`} danger=${P} onYes=${g} />`;return a`<details class="one-user" data-testid="user-line"><summary><span class="who"><b class="name">${s.display_name}</b>
      <span class="sub">${[s.username?`@${s.username}`:e("participants.guest"),$&&e("admin.role"),s.disabled_at&&e("admin.disabled")].filter(Boolean).join(" · ")}</span></span></summary>
    <p class="quiet">${[e("admin.since",{date:k(s.created_at)}),s.email].filter(Boolean).join(" · ")}</p>
    <${h} error=${l} />
    ${n&&a`<p class="note" role="status">${e("admin.new_password")}<code data-testid="user-password">${n}</code></p>`}
    ${s.id===st.get()?.id?a`<p class="quiet" data-testid="user-own">${e("admin.own")}</p>`:a`<div class="acts-of-user" aria-busy=${m}>
      ${s.disabled_at?p("enable",c({is_disabled:!1})):p("disable",c({is_disabled:!0}),{danger:!0})}
      ${!s.is_guest&&p("reset",d)}
      ${!s.is_guest&&p($?"take_role":"give_role",c({role:$?"user":"admin"}))}</div>`}
    <button type="button" class="ghost" data-testid="user-audit" onClick=${()=>b(`/admin/audit?user_id=${s.id}`)}>${e("admin.user_audit")}</button></details>`}var Zt={queues:ms,letters:ls,audit:ns,users:cs};function ya({part:t,me:s}){let o=t in Zt?t:"queues";return a`<main class="page wide-page" data-testid="admin">
    <${w} title=${e("admin.title")} back="/me" />
    <${x} />
    <div class="sheet form">
      ${s.role!=="admin"?a`<p class="problem" role="alert">${e("error.insufficient_permissions")}</p>`:a`<${H} name="admin" label=${e("admin.part")} value=${o} options=${U("admin",Object.keys(Zt))} onChange=${n=>b(`/admin/${n}`,{replace:!0})} />
          <${Zt[o]} key=${o} />`}
    </div>
  </main>`}function va({to:t="/",invited:s}){let[o,n]=u(!1),[r,i]=u({username:"",password:"",display_name:""}),{ask:m,busy:l,error:c}=v(),d=p=>({name:p,value:r[p],"data-testid":p,onInput:f=>i({...r,[p]:f.target.value})}),$=async p=>{p.preventDefault();let{username:f,password:g,display_name:P}=r,Y=await m(()=>o?ne({username:f.trim(),password:g,...P.trim()&&{display_name:P.trim()}}):ie({username:f.trim(),password:g}));Y&&(b(t,{replace:!0}),ve(Y.user))};return a`<main class="page" data-testid="auth">
    <${w} title=${e(o?"auth.register":"auth.login")} back=${s||t==="/"?"/":t} />
    <form class="sheet form" onSubmit=${$}>
      ${s&&a`<p class="note">${e("enter.invitation")}</p>`}
      ${o&&a`<${S} label=${e("auth.display_name")} hint=${e("auth.display_name_hint")} maxlength="64" autocomplete="nickname" ...${d("display_name")} />`}
      <${S} label=${e("auth.username")} hint=${o?e("auth.username_hint"):null} required minlength="3" maxlength="32" autocapitalize="none" autocomplete="username" ...${d("username")} />
      <${S} label=${e("auth.password")} hint=${o?e("auth.password_hint"):null} required type="password" minlength=${o?8:1} maxlength="128"
        autocomplete=${o?"new-password":"current-password"} ...${d("password")} />
      <${h} error=${c} />
      <button type="submit" class="big" disabled=${l} data-testid="submit">${e(o?"auth.register":"auth.login")}</button>
      <button type="button" class="ghost" data-testid="switch-auth" onClick=${()=>n(!o)}>${e(o?"auth.have_account":"auth.no_account")}</button>
      <div class="grow"></div><${Lt} />
    </form>
  </main>`}var wa=3e4,ds=(t,s)=>t.members.find(o=>o.user_id!==s);function ps(t,s){let o=t.members.filter(r=>r.user_id!==s);if(t.kind==="direct")return o[0]?Qt(o[0]):null;let n=o.filter(r=>r.is_online).length;return[e("chats.members",{n:t.members.length}),...n?[e("chats.online",{n})]:[]].join(" · ")}function Qt({is_online:t,last_seen_at:s}){return t?e("chat.online"):s?e("chat.seen",{day:k(s),time:M(s)}):null}function $s(t,s){T(()=>{t.loadChat(s);let o=setInterval(()=>document.visibilityState==="visible"&&t.loadChat(s),wa);return()=>clearInterval(o)},[t,s])}function It({friends:t,chosen:s,onChange:o}){let n=(r,i)=>o(i?[...s,r]:s.filter(m=>m!==r));return a`<div class="rows">${t.map(r=>a`<label class="tick-line" key=${r.id} data-testid="friend-tick"><${D} name=${r.display_name} index=${bt(r.id)} />
    <span class="who"><b class="name">${r.display_name}</b>${r.username&&a`<span class="said">@${r.username}</span>`}</span>
    <input type="checkbox" checked=${s.includes(r.id)} onChange=${i=>n(r.id,i.target.checked)} /></label>`)}</div>`}function us({talk:t,chat:s,me:o,onClose:n}){let{ask:r,busy:i,error:m}=v(),l=async()=>{await r(()=>t.takeOut(s.id,o.id).then(()=>!0))&&(n(),b("/chats"))};return a`<${J} title=${s.title} onClose=${n} testid="chat-about-sheet" tall>
    <h3 class="h">${e("group.members")} · ${s.members.length}</h3>
    <div class="rows" data-testid="members">${s.members.map(c=>a`<${_a} key=${c.user_id} member=${c} me=${o} onRemove=${()=>r(()=>t.takeOut(s.id,c.user_id))} />`)}</div>
    <${h} error=${m} />
    ${!s.left_at&&a`<${ka} talk=${t} chat=${s} ask=${r} busy=${i} />
      <p class="quiet">${e("group.who_may")}</p>
      <${R} label=${e("group.leave")} question=${e("group.leave_ask")} yes=${e("group.leave")} testid="leave-group" onYes=${l} />`}
  </${J}>`}function _a({member:t,me:s,onRemove:o}){let[n,r]=u(!1),i=t.user_id===s.id,m={id:t.user_id,display_name:t.display_name||e("chat.somebody")};return a`<${z} user=${m} sub=${i?e("participants.you"):Qt(t)} testid="member">
    ${!i&&a`<button type="button" class="small" aria-expanded=${String(n)} data-testid="remove-member" onClick=${()=>r(!n)}>${e("group.out")}</button>`}
    ${n&&a`<div class="asking" role="alertdialog"><p>${e("group.remove_ask",{name:m.display_name})}</p><button type="button" class="big danger" data-testid="remove-member-yes" onClick=${()=>{r(!1),o()}}>${e("group.remove")}</button></div>`}
  </${z}>`}function ka({talk:t,chat:s,ask:o,busy:n}){let[r,i]=u(!1),[m,l]=u([]),{value:c}=y(()=>r?O("/api/v1/friends"):Promise.resolve(null),[r]);if(!r)return a`<button type="button" class="ghost" data-testid="bring" onClick=${()=>i(!0)}>${e("group.add")}</button>`;let d=(c??[]).map(p=>p.user).filter(p=>!s.members.some(f=>f.user_id===p.id)),$=async()=>{await o(()=>t.bring(s.id,m).then(()=>!0))&&(l([]),i(!1))};return c&&!d.length?a`<p class="quiet">${e("group.all_in")}</p>`:a`<${It} friends=${d} chosen=${m} onChange=${l} />
    <button type="button" class="big" disabled=${n||!m.length} data-testid="bring-yes" onClick=${$}>${e("group.add")}</button>`}var xa=250;function gt(t){let[s,o]=u(t);return T(()=>{let n=setTimeout(()=>o(t),xa);return()=>clearTimeout(n)},[t]),s}function fs({typed:t,states:s,me:o}){let n=gt(t),r=tt(`/api/v1/messages?limit=30&query=${encodeURIComponent(n)}`);return a`<div class="stack" data-testid="found-messages">
    ${r.items.length>0&&a`<div class="rows">${r.items.map(i=>a`<${Sa} key=${i.id} message=${i} words=${n} chat=${s.find(m=>m.id===i.chat_id)?.chat} me=${o} />`)}</div>`}
    <${Z} pages=${r} empty=${e("chats.found_none")} />
  </div>`}function Sa({message:t,words:s,chat:o,me:n}){let r=o&&yt(o,n.id)||e("chat.title"),i=o?.members.find(l=>l.user_id===t.sender_id)?.display_name,m=t.sender_id===n.id?e("participants.you_say"):o?.kind==="direct"?null:i;return a`<button type="button" class="found-message" data-testid="found-message" onClick=${()=>b(`/chats/${t.chat_id}`)}>
    <span class="where"><b class="name">${r}</b><time datetime=${t.created_at}>${k(t.created_at)}, ${M(t.created_at)}</time></span>
    <span class="words">${m?`${m}: `:""}${Re(t.content,s).map(([l,c])=>c?a`<mark>${l}</mark>`:l)}</span>
  </button>`}function bs({talk:t,onClose:s}){let[o,n]=u(""),[r,i]=u([]),{value:m,error:l,retry:c}=y(()=>O("/api/v1/friends"),[]),{ask:d,busy:$,error:p}=v(),f=async g=>{g.preventDefault();let P=await d(()=>t.group(o.trim(),r));P&&(s(),b(`/chats/${P}`))};return a`<${J} title=${e("group.new")} onClose=${s} testid="group-sheet" tall>
    <form class="sheet-form" onSubmit=${f}>
      <${S} label=${e("group.name")} required maxlength="100" autocomplete="off" value=${o} data-testid="group-name" onInput=${g=>n(g.target.value)} />
      <h3 class="h">${e("group.choose")}</h3>
      ${!m&&(l?a`<${j} error=${l} onRetry=${c} />`:a`<p class="quiet" role="status">${e("state.loading")}</p>`)}
      ${m&&(m.length?a`<${It} friends=${m.map(g=>g.user)} chosen=${r} onChange=${i} />`:a`<p class="quiet">${e("group.no_friends")}</p><button type="button" class="ghost" onClick=${()=>{s(),b("/friends")}}>${e("friends.title")}</button>`)}
      <${h} error=${p} />
      <button type="submit" class="big" disabled=${$||!o.trim()||!r.length} data-testid="make-group">${e("group.make")}</button>
    </form>
  </${J}>`}function gs({talk:t,me:s,onClose:o}){let[n,r]=u(!1),[i,m]=u(""),l=gt(i.trim()),{ask:c,error:d}=v(),{value:$}=y(()=>O("/api/v1/friends"),[]),{value:p,error:f}=y(async()=>l?(await _(`/api/v1/users?query=${encodeURIComponent(l)}&limit=20`)).items:null,[l]),g=Le(($??[]).map(X=>X.user),i),P=(l&&p?p:[]).filter(X=>X.id!==s.id&&!g.some(ct=>ct.id===X.id)),Y=async X=>{let ct=await c(()=>t.direct(X.id));ct&&(o(),b(`/chats/${ct}`))};return n?a`<${bs} talk=${t} onClose=${o} />`:a`<${J} title=${e("chats.write")} onClose=${o} testid="write-sheet" tall>
    <${S} label=${e("chats.search")} type="search" value=${i} autocomplete="off" autofocus data-testid="write-query" onInput=${X=>m(X.target.value)} />
    <${h} error=${d??f} />
    <button type="button" class="ghost" data-testid="new-group" onClick=${()=>r(!0)}>${e("group.new")}</button>
    <${hs} title=${e("chats.friends")} users=${g} onChoose=${Y} />
    <${hs} title=${e("chats.found")} users=${P} onChoose=${Y} />
    ${g.length+P.length===0&&a`<p class="quiet" role="status">${e(l&&p?"chats.nobody":"chats.no_friends")}</p>`}
  </${J}>`}function hs({title:t,users:s,onChoose:o}){return s.length?a`<h3 class="h">${t}</h3><div class="rows">${s.map((n,r)=>a`<button type="button" class="row person" key=${n.id} data-testid="person" onClick=${()=>o(n)}>
    <${D} name=${n.display_name} index=${r} /><span class="who"><b class="name">${n.display_name}</b>${n.username&&a`<span class="said">@${n.username}</span>`}</span></button>`)}</div>`:null}var ys=t=>e(t?.kind==="direct"?"chat.somebody":"chat.title");function Ca({id:t,me:s}){let o=F(qt),n=Je(),[r,i]=u(!1);if(!o)return null;let m=a`<${Pa} talk=${o} me=${s} chosen=${t} onWrite=${()=>i(!0)} />`;return a`<div class="chats${n?" beside":""}">
    ${(n||!t)&&m}
    ${t?a`<${Ba} key=${t} talk=${o} id=${t} me=${s} wide=${n} />`:n&&a`<div class="pane hollow"><p class="quiet center">${e("chats.choose")}</p></div>`}
    ${r&&a`<${gs} talk=${o} me=${s} onClose=${()=>i(!1)} />`}
  </div>`}function Pa({talk:t,me:s,chosen:o,onWrite:n}){let{states:r,loaded:i,error:m}=F(t.list),l=F(t.waiting),[c,d]=u(""),$=$e(r).filter(p=>p.chat.kind!=="session"||Ut(p)||p.id===o);return a`<main class="page" data-testid="chats">
    <${w} title=${e("nav.chats")}><${W} /><${dt} icon="write" label=${e("chats.write")} onClick=${n} testid="write" /></${w}>
    <${x} />
    <div class="sheet">
      <${h} error=${!i&&m} />
      ${$.length>0&&a`<${S} label=${e("chats.find")} type="search" maxlength="100" autocomplete="off" value=${c} data-testid="find-messages" onInput=${p=>d(p.target.value)} />`}
      ${c.trim()?a`<${fs} typed=${c.trim()} states=${r} me=${s} />`:$.length>0?a`<nav class="rows" aria-label=${e("nav.chats")}>${$.map(p=>a`<${qa} key=${p.id} state=${p} me=${s} chosen=${p.id===o}
          waits=${l.findLast(f=>f.chat_id===p.id&&f.type==="message")} />`)}</nav>`:a`<p class="quiet">${i?e("chats.none"):e("state.loading")}</p>`}
      ${i&&$.length===0&&a`<button type="button" class="big" onClick=${n}>${e("chats.write")}</button>`}
    </div>
    <${B} at="chats" />
  </main>`}function qa({state:t,me:s,chosen:o,waits:n}){let{chat:r}=t,i=Ut(t),m=yt(r,s.id)||ys(r),l=i&&new Date(i.created_at).toDateString()===new Date().toDateString();return a`<button type="button" class="row chat-line${o?" on":""}" aria-current=${o?"page":void 0} data-testid="chat-line" data-chat=${t.id} onClick=${()=>b(`/chats/${t.id}`)}>
    <${D} name=${m} index=${Oa(t.id)} />
    <span class="who"><b class="name">${m}</b><span class="said">${Aa(r,i,n,s)}</span></span>
    <span class="when">${i&&a`<time datetime=${i.created_at}>${l?M(i.created_at):k(i.created_at)}</time>`}<${We} n=${de(t)} /></span>
  </button>`}function Aa(t,s,o,n){if(o)return e("chats.you",{text:pe(o)});if(!s)return"";if(s.is_deleted)return e("chat.deleted");if(s.sender_id===n.id)return e("chats.you",{text:s.content});let r=t.kind==="direct"?null:t.members.find(i=>i.user_id===s.sender_id)?.display_name;return r?`${r}: ${s.content}`:s.content}var Oa=t=>Number.parseInt(t.slice(-2),16)||0;function Ba({talk:t,id:s,me:o,wide:n}){let{chat:r}=F(t.store(s)),[i,m]=u(!1);$s(t,s);let l=r&&yt(r,o.id)||ys(r),c=n?"section":"main";return a`<${c} class=${n?"pane":"page one-chat"} aria-label=${l} data-testid="chat-view">
    <${w} title=${l} sub=${r&&ps(r,o.id)} back=${n?null:"/chats"}>
      ${r?.session_id&&a`<${dt} icon="tables" label=${e("chats.table")} onClick=${()=>b(`/s/${r.session_id}`)} testid="to-table" />`}
      ${r&&r.kind!=="session"&&a`<${dt} icon=${r.kind==="group"?"people":"me"} label=${e("group.about")} onClick=${()=>r.kind==="group"?m(!0):b(`/users/${ds(r,o.id)?.user_id}`)} testid="chat-about" />`}
    </${w}>
    ${i&&a`<${us} talk=${t} chat=${r} me=${o} onClose=${()=>m(!1)} />`}
    ${!n&&a`<${x} />`}
    <${xe} id=${s} me=${o} focused=${ke()} onClose=${()=>b("/chats")} />
  </${c}>`}var Ta=new Set(["in_progress","waiting"]),Xt={owner:2,manager:1,member:0};function Vt(t){return t.filter(s=>Ta.has(s.status)).sort((s,o)=>s.status===o.status?o.created_at.localeCompare(s.created_at):s.status==="in_progress"?-1:1)}function vs(t){let s=t.current_game;return(s?s.order:be(t).map(n=>n.id)).map(n=>({id:n,name:he(t,n),turn:n===s?.current_participant_id,points:s?.scores.find(r=>r.participant_id===n)?.points??null,net:ge(t,n)}))}var ws=t=>Xt[t.my_role]>=1;function _s(t,s,o){return s.user.id!==o&&Xt[t.my_role]>Xt[s.role]}var Fa=50,ks=200,La=()=>encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone??"UTC");function xs({clubId:t,me:s,age:o}){let[n,r]=u("net"),[i,m]=u("all"),[l,c]=u(Fa),{value:d,error:$}=y(()=>_(`/api/v1/stats/leaderboard?scope=club&club_id=${t}&by=${n}&period=${i}&time_zone=${La()}&limit=${l}`),[t,n,i,o,l]);return a`<h2 class="h">${e("clubs.leaders")}</h2>
    <${H} name="leaders-by" label=${e("clubs.by")} value=${n} options=${U("clubs.by",["net","wins","rating"])} onChange=${r} />
    <${H} name="leaders-period" label=${e("clubs.period")} value=${i} options=${U("clubs.period",["week","month","all"])} onChange=${m} />
    <${h} error=${!d&&$} />
    ${!d&&!$&&a`<p class="quiet">${e("state.loading")}</p>`}
    ${d?.items.length===0&&a`<p class="quiet">${e("clubs.no_leaders")}</p>`}
    ${d?.items.length>0&&a`<ol class="rows leaders">${d.items.map(p=>a`<li class="row${p.user_id===s.id?" mine":""}" key=${p.user_id} data-testid="leader">
      <span class="n">${p.rank}</span><span class="who"><b class="name">${p.display_name}</b><span class="sub">${e("games",{n:p.games})} · ${e("clubs.wins",{n:p.wins})}</span></span><span></span>${Ra(p,n)}</li>`)}</ol>`}
    ${d?.next_cursor&&l<ks&&a`<button type="button" class="ghost" data-testid="leaders-more" onClick=${()=>c(ks)}>${e("people.more")}</button>`}`}function Ra(t,s){return s==="net"?a`<span class="m ${L(t.net)}">${A(t.net,t.currency)}</span>`:a`<span class="m">${new Intl.NumberFormat(N.get(),{maximumFractionDigits:0}).format(s==="wins"?t.wins:t.rating)}</span>`}function Ss({club:t,me:s,onChanged:o}){let n=`/api/v1/clubs/${t.id}`,[r,i]=u(0),{value:m,error:l}=y(()=>O(`${n}/members`),[t.id,t.members_count,r]),{ask:c,error:d}=v(),$=f=>c(async()=>{await f(),i(r+1),o()}),p=()=>c(async()=>{await E(`${n}/members/${s.id}`),b("/clubs",{replace:!0})});return a`<h2 class="h">${e("clubs.people")}</h2>
    ${t.code&&a`<details class="rows club-code"><summary data-testid="club-invite">${e("clubs.invite",{code:t.code})}</summary><div class="rows invite share-link"><${At} title=${t.name} path="/clubs/join/${t.code}" testid="share-url" evenLocal /></div>
      ${ws(t)&&a`<button type="button" class="text" data-testid="club-new-code" onClick=${()=>$(()=>I(`${n}/code`))}>${e("clubs.new_code")}</button>`}</details>`}
    <${h} error=${d??(!m&&l)} />
    ${!m&&!l&&a`<p class="quiet">${e("state.loading")}</p>`}
    <div class="rows">${(m??[]).map((f,g)=>a`<${Ma} key=${f.user.id} member=${f} at=${g} club=${t} me=${s}
      onRole=${P=>$(()=>ot(`${n}/members/${f.user.id}`,{role:P}))} onRemove=${()=>$(()=>E(`${n}/members/${f.user.id}`))} />`)}</div>
    ${t.my_role==="owner"?a`<${R} label=${e("clubs.delete")} question=${e("clubs.delete_ask")} yes=${e("clubs.delete")} testid="club-delete"
        onYes=${()=>c(async()=>{await E(n),b("/clubs",{replace:!0})})} />`:a`<${R} label=${e("clubs.leave")} question=${e("clubs.leave_ask")} yes=${e("clubs.leave")} testid="club-leave" onYes=${p} />`}`}function Ma({member:t,at:s,club:o,me:n,onRole:r,onRemove:i}){let[m,l]=u(!1),c=_s(o,t,n.id),{display_name:d}=t.user;return a`<div class="seat" data-testid="club-member">
    <button type="button" class="seat-line" disabled=${!c} aria-expanded=${c?String(m):void 0} onClick=${()=>l(!m)}>
      <${D} name=${d} index=${s} /><span class="who"><b class="name">${d}</b><small>${[t.user.id===n.id&&e("participants.you"),e(`clubs.role.${t.role}`)].filter(Boolean).join(" · ")}</small></span></button>
    ${m&&a`<div class="seat-open">
      ${o.my_role==="owner"&&a`<button type="button" class="ghost" data-testid="club-role" onClick=${()=>r(t.role==="manager"?"member":"manager")}>${e(t.role==="manager"?"clubs.unmake_manager":"clubs.make_manager")}</button>`}
      <${R} label=${e("clubs.remove")} question=${e("clubs.remove_ask",{name:d})} yes=${e("clubs.remove")} testid="club-remove" onYes=${i} /></div>`}
  </div>`}function Cs({line:t,session:s}){let o=s?.current_game,n=t.status==="waiting"?e("lobby.waiting"):o?e("game.number",{n:o.number}):s?e("lobby.between"):e("clubs.playing");return a`<button type="button" class="club-table${o?" turn":""}" data-testid="club-table" onClick=${()=>b(`/s/${t.id}`)}>
    <span class="club-head"><b class="name">${t.name}</b><span class="quiet">${e(`game.${t.game_type}`)} · ${n}${o&&a` · <${ze} start=${o.started_at} />`}</span></span>
    ${s?a`<span class="club-lines">${vs(s).map(r=>a`<span class="club-player" key=${r.id}>
        <span class="name">${r.turn&&a`<i class="up" aria-hidden="true">▸ </i><span class="hidden">${e("table.turn")}: </span>`}${r.name}</span>
        <b>${r.points==null?"":String(r.points).replace("-","−")}</b><span class="m ${L(r.net)}">${A(r.net,s.rules.currency)}</span></span>`)}</span>`:a`<span class="quiet">${e("clubs.private")}</span>`}
  </button>`}function Ps({club:t,sessions:s,onAdded:o}){let[n,r]=u(!1);return a`<button type="button" class="ghost" data-testid="club-add-table" onClick=${()=>r(!0)}>${e("clubs.add_table")}</button>
    ${n&&a`<${Ia} club=${t} known=${s} onAdded=${o} onClose=${()=>r(!1)} />`}`}function Ia({club:t,known:s,onAdded:o,onClose:n}){let{value:r,error:i}=y(()=>_("/api/v1/sessions?scope=mine&limit=50"),[]),{ask:m,busy:l,error:c}=v(),d=new Set(s.map(f=>f.id)),$=(r?.items??[]).filter(f=>!d.has(f.id)&&f.status!=="cancelled"),p=async f=>{await m(()=>xt(`/api/v1/clubs/${t.id}/sessions/${f}`).then(()=>!0))&&(o(),n())};return a`<${J} title=${e("clubs.add_table")} onClose=${n} testid="club-add">
    <p class="quiet">${e("clubs.add_hint")}</p>
    <${h} error=${c??i} />
    ${!r&&!i&&a`<p class="quiet">${e("state.loading")}</p>`}
    ${r&&$.length===0&&a`<p>${e("clubs.nothing_to_add")}</p>`}
    <div class="rows">${$.map(f=>a`<button type="button" class="row past" key=${f.id} disabled=${l} data-testid="club-add-session" onClick=${()=>p(f.id)}>
      <span class="who"><b class="name">${f.name}</b><span class="sub">${k(f.created_at)} · ${e("games",{n:f.games_played})}</span></span></button>`)}</div>
  </${J}>`}var Ea=1e4,qs=12;function Na({id:t,me:s}){let[o,n]=u(0),r=()=>n($=>$+1);T(()=>{let $=setInterval(()=>document.visibilityState==="visible"&&r(),Ea);return()=>clearInterval($)},[]);let i=`/api/v1/clubs/${encodeURIComponent(t)}`,{value:m,error:l}=y(()=>Da(i),[t,o]),c=Vt(m?.sessions??[]),d=(m?.sessions??[]).filter($=>!c.includes($));return a`<main class="page wide-page" data-testid="club">
    <${w} title=${m?.club.name??e("clubs.title")} sub=${m&&e("clubs.members",{n:m.club.members_count})} back="/clubs" />
    <${x} />
    <div class="sheet">
      ${!m&&!l&&a`<p class="quiet">${e("state.loading")}</p>`}
      ${!m&&l&&a`<${h} error=${l} /><button type="button" class="ghost" data-testid="retry" onClick=${r}>${e("action.retry")}</button>`}
      ${m&&a`<h2 class="h">${e("clubs.live")}${c.length>0?` · ${c.length}`:""}</h2>
        ${c.length?a`<div class="club-tables">${c.slice(0,qs).map($=>a`<${Cs} key=${$.id} line=${$} session=${m.tables.get($.id)} />`)}</div>`:a`<p class="quiet" data-testid="club-no-tables">${e("clubs.no_live")}</p>`}
        <${Ps} club=${m.club} sessions=${m.sessions} onAdded=${r} />
        <${xs} clubId=${m.club.id} me=${s} age=${o} />
        <${Ss} club=${m.club} me=${s} onChanged=${r} />
        ${d.length>0&&a`<h2 class="h">${e("lobby.past")}</h2>
          <div class="rows">${d.slice(0,50).map($=>a`<button type="button" class="row past" key=${$.id} data-testid="club-past" onClick=${()=>b(`/s/${$.id}`)}>
            <span class="who"><b class="name">${$.name}</b><span class="sub">${k($.created_at)} · ${e(`game.${$.game_type}`)}${$.status==="cancelled"?` · ${e("lobby.cancelled")}`:""}</span></span></button>`)}</div>`}`}
    </div>
  </main>`}async function Da(t){let[s,{items:o}]=await Promise.all([_(t),_(`${t}/sessions?limit=100`)]),n=Vt(o).slice(0,qs),r=await Promise.all(n.map(i=>_(`/api/v1/sessions/${i.id}`).catch(()=>null)));return{club:s,sessions:o,tables:new Map(r.filter(Boolean).map(i=>[i.id,i]))}}function ja({joinCode:t}){let[s,o]=u(0),{value:n,error:r}=y(()=>O("/api/v1/clubs"),[s]);return a`<main class="page" data-testid="clubs">
    <${w} title=${e("clubs.title")} back="/" />
    <${x} />
    <div class="sheet form">
      ${!n&&!r&&a`<p class="quiet">${e("state.loading")}</p>`}
      ${!n&&r&&a`<${h} error=${r} /><button type="button" class="ghost" data-testid="retry" onClick=${()=>o(s+1)}>${e("action.retry")}</button>`}
      ${n?.length===0&&a`<p class="quiet">${e("clubs.none")}</p>`}
      ${n?.length>0&&a`<nav class="rows" aria-label=${e("clubs.title")}>${n.map(i=>a`<button type="button" class="row past" key=${i.id} data-testid="club-line" onClick=${()=>b(`/clubs/${i.id}`)}>
        <span class="who"><b class="name">${i.name}</b><span class="sub">${e(`clubs.role.${i.my_role}`)}</span></span>
        <span class="p">${e("clubs.members",{n:i.members_count})}</span></button>`)}</nav>`}
      <${As} key=${t} label=${e("clubs.code")} first=${t??""} button=${e("clubs.join")} path="/api/v1/clubs/join" field="code" testid="club-join" />
      <${As} label=${e("clubs.name")} first="" button=${e("clubs.new")} path="/api/v1/clubs" field="name" testid="club-new" />
    </div>
    <${B} at="lobby" />
  </main>`}function As({label:t,first:s,button:o,path:n,field:r,testid:i}){let[m,l]=u(s),{ask:c,busy:d,error:$}=v();return a`<form class="inline" onSubmit=${async f=>{f.preventDefault();let g=r==="code"?m.trim().toUpperCase():m.trim(),P=g&&await c(()=>I(n,{[r]:g}));P&&b(`/clubs/${P.id}`)}}>
      <${S} label=${t} maxlength="100" value=${m} data-testid="${i}-text" onInput=${f=>l(f.target.value)} />
      <button type="submit" class="small" disabled=${d||!m.trim()} data-testid=${i}>${o}</button>
    </form><${h} error=${$} />`}function Ua({me:t}){let[s,o]=u(""),{value:n,error:r,retry:i}=pt(),{ask:m,busy:l,error:c}=v(),d=$=>()=>m($);return a`<main class="page" data-testid="friends">
    <${w} title=${e("friends.title")} back="/me"><${W} /></${w}>
    <${x} />
    <div class="sheet">
      <${S} label=${e("friends.find")} type="search" value=${s} autocomplete="off" maxlength="64" data-testid="find-people" onInput=${$=>o($.target.value)} />
      <${h} error=${c} />
      ${!n&&r&&a`<${j} error=${r} onRetry=${i} />`}
      ${!n&&!r&&a`<p class="quiet" role="status">${e("state.loading")}</p>`}
      ${n&&(s.trim()?a`<${Wa} typed=${s.trim()} lists=${n} me=${t} does=${d} busy=${l} />`:a`<${Ha} lists=${n} does=${d} busy=${l} />`)}
    </div>
    <${B} at="me" />
  </main>`}function Ha({lists:t,does:s,busy:o}){let{asking:n,friends:r,asked:i,blocked:m}=t;return a`
    ${n.length>0&&a`<h2 class="h">${e("friends.asking")}</h2><div class="rows">${n.map(({id:l,from:c})=>a`<${z} key=${l} user=${c} testid="asking">
      <button type="button" class="small go" disabled=${o} data-testid="accept" onClick=${s(()=>$t(l))}>${e("friends.accept")}</button>
      <button type="button" class="small" disabled=${o} data-testid="decline" onClick=${s(()=>ut(l))}>${e("friends.decline")}</button></${z}>`)}</div>`}
    <h2 class="h">${e("friends.mine",{n:r.length})}</h2>
    ${r.length?a`<div class="rows">${r.map(({user:l})=>a`<${z} key=${l.id} user=${l} testid="friend" />`)}</div>`:a`<p class="quiet" data-testid="empty">${e("friends.none")}</p>`}
    ${i.length>0&&a`<h2 class="h">${e("friends.asked")}</h2><div class="rows">${i.map(({id:l,to:c})=>a`<${z} key=${l} user=${c} testid="asked">
      <button type="button" class="small" disabled=${o} data-testid="take-back" onClick=${s(()=>Tt(l))}>${e("friends.take_back")}</button></${z}>`)}</div>`}
    ${m.length>0&&a`<details data-testid="blocked"><summary>${e("friends.blocked",{n:m.length})}</summary><div class="rows">${m.map(({user:l})=>a`<${z} key=${l.id} user=${l} testid="blocked-one">
      <button type="button" class="small" disabled=${o} data-testid="unblock" onClick=${s(()=>Ft(l.id))}>${e("friends.unblock")}</button></${z}>`)}</div></details>`}`}function Wa({typed:t,lists:s,me:o,does:n,busy:r}){let i=gt(t),{value:m,error:l,retry:c}=y(async()=>({asked:i,items:(await _(`/api/v1/users?query=${encodeURIComponent(i)}&limit=30`)).items}),[i]);if(l&&m?.asked!==i)return a`<${j} error=${l} onRetry=${c} />`;if(m?.asked!==t)return a`<p class="quiet" role="status">${e("state.loading")}</p>`;let d=m.items.filter($=>$.id!==o.id);return d.length?a`<div class="rows" data-testid="found">${d.map($=>{let{kind:p}=Ot(s,$.id,o.id);return a`<${z} key=${$.id} user=${$} testid="found-one">
      ${p==="none"?a`<button type="button" class="small go" disabled=${r} data-testid="add-friend" onClick=${n(()=>Bt($.id))}>${e("friends.add")}</button>`:a`<span class="quiet">${e(`friends.is.${p}`)}</span>`}</${z}>`})}</div>`:a`<p class="quiet" role="status">${e("friends.nobody")}</p>`}var Ya=["all","won","lost"],za=15;function Ga({me:t}){let[s,o]=u("all"),[n,r]=u("all"),i=tt(`/api/v1/stats/users/${t.id}/games${at({game_type:s,limit:50})}`,[F(rt)]),m=es(i.items,n);return T(()=>{m.length<za&&i.next&&!i.error&&i.more()}),a`<main class="page" data-testid="history">
    <${w} title=${e("history.title")}><${W} /></${w}>
    <${x} />
    <${nt} at="history" />
    <div class="sheet">
      <${K} label=${e("new.game")} value=${s} options=${[["all",e("stats.all_games")],...lt.map(l=>[l.type,e(`game.${l.type}`)])]} onChange=${o} />
      <${H} name="outcome" label=${e("history.outcome")} value=${n} options=${U("history.outcome",Ya)} onChange=${r} />
      ${Rt(m,l=>Ct(l.ended_at)).map(l=>a`<section class="stack" key=${l.day}><h2 class="h">${l.day}</h2>
        <div class="rows">${l.items.map(c=>a`<${Ja} key=${c.game_id} game=${c} />`)}</div></section>`)}
      <${Z} pages=${i} count=${m.length} empty=${e(s==="all"&&n==="all"?"history.none":"history.none_such")} />
    </div>
    <${B} at="stats" />
  </main>`}function Ja({game:t}){let s=[M(t.ended_at),e("points",{n:t.points}),...t.fouls?[e("fouls",{n:t.fouls})]:[]];return a`<button type="button" class="row played" data-testid="played" onClick=${()=>b(`/s/${t.session_id}`)}>
    <span class="n${t.won?" top":""}" aria-hidden="true">${t.place??"·"}</span>
    <span class="who"><b class="name">${e(`game.${t.game_type}`)}</b><span class="said">${t.won?`${e("history.won")} · `:t.place?a`<span class="hidden">${e("board.place",{n:t.place})}</span>`:""}${s.join(" · ")}</span></span>
    ${t.currency&&a`<b class="m ${L(t.net)}">${A(t.net,t.currency)}</b>`}
  </button>`}function Ka({id:t,me:s}){let[o,n]=u(0),{value:r,error:i}=y(()=>_(`/api/v1/templates/${encodeURIComponent(t)}`),[t,o]),{ask:m,busy:l,error:c}=v(),d=async()=>{let p=await m(()=>I("/api/v1/sessions",{name:r.name,template_id:r.id,is_private:!0}));p&&b(`/s/${p.id}`)},$=async()=>await m(()=>E(`/api/v1/templates/${r.id}`).then(()=>!0))&&b("/new",{replace:!0});return a`<main class="page" data-testid="house-rules-view">
    <${w} title=${r?.name??e("rules.title")} sub=${r&&e(`game.${r.rules.game_type}`)} back="/new" />
    <${x} />
    <div class="sheet form">
      ${!r&&!i&&a`<p class="quiet">${e("state.loading")}</p>`}
      ${i&&a`<${h} error=${i} /><button type="button" class="ghost" data-testid="retry" onClick=${()=>n(o+1)}>${e("action.retry")}</button>`}
      ${r&&a`<${qe} rules=${r.rules} />
        <${Te} rules=${r.rules} />
        ${r.is_public||r.is_system?a`<div class="rows invite share-link"><${At} title=${r.name} path="/rules/${r.id}" testid="share-url" evenLocal /></div>`:a`<p class="quiet">${e("house.private")}</p>`}
        ${r.owner_id===s.id&&a`<${R} label=${e("house.delete")} question=${e("house.delete_ask")} yes=${e("house.delete")} testid="house-delete" onYes=${$} />`}
        <${h} error=${c} />`}
    </div>
    ${r&&a`<div class="foot"><button type="button" class="big" disabled=${l} data-testid="house-begin" onClick=${d}>${e("house.begin")}</button></div>`}
  </main>`}var Za=["net","wins","rating"],Qa=["week","month","season","all"],Xa=Intl.DateTimeFormat().resolvedOptions().timeZone;function Va({me:t}){let[s,o]=u({by:"net",period:"all",scope:"all",game_type:"all"}),n=d=>$=>o({...s,[d]:$}),{value:r}=y(()=>O("/api/v1/clubs").catch(()=>[]),[]),i=r?.find(d=>d.id===s.scope),m={...s,time_zone:Xa,limit:50,...i&&{scope:"club",club_id:i.id}},l=tt(`/api/v1/stats/leaderboard${at(m)}`,[F(rt)]),c=[...U("leaders.scope",["all","friends"]),...(r??[]).map(d=>[d.id,d.name])];return a`<main class="page" data-testid="leaderboard">
    <${w} title=${e("leaders.title")}><${W} /></${w}>
    <${x} />
    <${nt} at="leaderboard" />
    <div class="sheet">
      <${H} name="leaders-by" label=${e("leaders.by")} value=${s.by} options=${U("leaders.by",Za)} onChange=${n("by")} />
      <div class="filters">
        <${K} label=${e("leaders.period")} value=${s.period} options=${U("leaders.period",Qa)} onChange=${n("period")} />
        <${K} label=${e("leaders.scope")} value=${s.scope} options=${c} onChange=${n("scope")} />
        <${K} label=${e("new.game")} value=${s.game_type} options=${[["all",e("stats.all_games")],...lt.map(d=>[d.type,e(`game.${d.type}`)])]} onChange=${n("game_type")} />
      </div>
      ${l.items.length>0&&a`<ol class="rows leaders" data-testid="leaders">${l.items.map(d=>a`<${Os} key=${d.user_id} one=${d} by=${s.by} isMe=${d.user_id===t.id} />`)}</ol>`}
      ${l.next&&!l.items.some(d=>d.user_id===t.id)&&a`<${to} key=${JSON.stringify(m)} asked=${m} me=${t} by=${s.by} />`}
      <${Z} pages=${l} empty=${e(s.scope==="friends"?"leaders.none_friends":"leaders.none")} />
      ${s.by==="rating"&&a`<p class="quiet">${e("leaders.rating_hint")}</p>`}
    </div>
    <${B} at="stats" />
  </main>`}function to({asked:t,me:s,by:o}){let{value:n}=y(()=>ss(_,t,s.id),[]);return n&&a`<ol class="rows leaders" data-testid="own-place"><${Os} one=${n} by=${o} isMe /></ol>`}function Os({one:t,by:s,isMe:o}){let n=new Intl.NumberFormat(N.get()),r=[e("games",{n:t.games}),s==="wins"?e("leaders.share",{share:Math.round(t.win_rate*100)}):e("wins",{n:t.wins})],i=s==="net"?a`<b class="m ${L(t.net)}">${A(t.net,t.currency)}</b>`:a`<b class="m">${n.format(s==="wins"?t.wins:t.rating)}</b>`;return a`<li><button type="button" class="row leader${o?" mine":""}" data-testid="leader" onClick=${()=>b(o?"/stats":`/users/${t.user_id}`)}>
    <span class="n${t.rank<=3?" top":""}">${t.rank}</span><${D} name=${ft(t.display_name)} index=${t.rank-1} />
    <span class="who"><b class="name">${ft(t.display_name)}</b><span class="said">${o?`${e("participants.you")} · `:""}${r.join(" · ")}</span></span>${i}
  </button></li>`}function Bs(){let[t,s]=u(!1);return a`<section class="claim" data-testid="claim"><h2>${e("claim.title")}</h2><p class="quiet">${e("claim.why")}</p>
    ${t?a`<${eo} />`:a`<button type="button" class="ghost" data-testid="claim-open" onClick=${()=>s(!0)}>${e("claim.open")}</button>`}
  </section>`}function eo(){let[t,s]=u(""),[o,n]=u(""),{ask:r,busy:i,error:m}=v();return a`<form class="form sheet-form" onSubmit=${async c=>{c.preventDefault();let d=await r(()=>I("/api/v1/users/me/claim",{username:t.trim(),password:o}));d&&st.set({...st.get(),...d})}}>
    <${S} label=${e("auth.username")} hint=${e("auth.username_hint")} required minlength="3" maxlength="32" autocapitalize="none" autocomplete="username" autofocus
      value=${t} data-testid="claim-username" onInput=${c=>s(c.target.value)} />
    <${S} label=${e("auth.password")} hint=${e("auth.password_hint")} required type="password" minlength="8" maxlength="128" autocomplete="new-password"
      value=${o} data-testid="claim-password" onInput=${c=>n(c.target.value)} />
    <${h} error=${m} />
    <button type="submit" class="big" disabled=${i} data-testid="claim-submit">${e("claim.go")}</button>
  </form>`}function mt({icon:t,to:s,text:o,n=0,what:r,testid:i}){return a`<button type="button" class="row link-row" data-testid=${i} onClick=${()=>b(s)}>
    <${G} name=${t} /><span class="who">${o}</span>
    ${n>0&&a`<span class="badge"><span aria-hidden="true">${n}</span><span class="hidden">${r}</span></span>`}<${G} name="next" size=${18} />
  </button>`}function Q({title:t,testid:s,loaded:o,children:n}){return a`<main class="page" data-testid=${s}>
    <${w} title=${t} back="/me" />
    <${x} />
    <div class="sheet form">
      ${o&&!o.value&&(o.error?a`<${j} error=${o.error} onRetry=${o.retry} />`:a`<p class="quiet" role="status">${e("state.loading")}</p>`)}
      ${(!o||o.value)&&n}
    </div>
    <${B} at="me" />
  </main>`}function Ts({me:t}){let{ask:s,busy:o,error:n}=v(),[r,i]=u(null),m=()=>s(async()=>{let l=await _("/api/v1/users/me/export");ao(`artel-${t.username??"guest"}.json`,JSON.stringify(l,null,2)),i(l.cut??[])});return a`<${Q} title=${e("data.title")} testid="my-data">
    <h2 class="h">${e("data.export")}</h2>
    <p class="quiet">${e("data.export_hint")}</p>
    <${h} error=${n} />
    <button type="button" class="ghost" disabled=${o} data-testid="export" onClick=${m}>${e("data.export_do")}</button>
    ${r&&a`<p class="note" role="status" data-testid="exported">${e(r.length?"data.exported_part":"data.exported")}</p>`}
    <${so} me=${t} />
  </${Q}>`}function so({me:t}){let[s,o]=u(""),{ask:n,error:r}=v(),i=async()=>{await n(()=>E("/api/v1/users/me",t.is_guest?{}:{password:s}).then(()=>!0))&&(we(),b("/"))},m=r?.code==="invalid_credentials"?{code:"wrong_password"}:r;return a`<h2 class="h">${e("data.delete")}</h2>
    <div class="rows padded stack"><p><b>${e("data.goes")}</b></p><p class="quiet">${e("data.goes_what")}</p>
      <p><b>${e("data.stays")}</b></p><p class="quiet">${e("data.stays_what")}</p></div>
    ${!t.is_guest&&a`<${S} label=${e("data.password")} type="password" maxlength="128" autocomplete="current-password" value=${s} data-testid="delete-password" onInput=${l=>o(l.target.value)} />`}
    <${h} error=${m} />
    ${t.is_guest||s?a`<${R} label=${e("data.delete_do")} question=${e("data.delete_ask")} yes=${e("data.delete_yes")} testid="delete-account" onYes=${i} />`:a`<button type="button" class="ghost danger" disabled data-testid="delete-account">${e("data.delete_do")}</button>`}`}function ao(t,s){let o=URL.createObjectURL(new Blob([s],{type:"application/json"}));Object.assign(document.createElement("a"),{href:o,download:t}).click(),setTimeout(()=>URL.revokeObjectURL(o),1e4)}var oo=[[/\bEdg(?:A|iOS)?\//,"Edge"],[/\bOPR\//,"Opera"],[/\bYaBrowser\//,"Яндекс Браузер"],[/\bSamsungBrowser\//,"Samsung Internet"],[/\b(?:Firefox|FxiOS)\//,"Firefox"],[/\b(?:HeadlessChrome|Chrome|CriOS)\//,"Chrome"],[/\bSafari\//,"Safari"]],ro=[[/\biPhone\b/,"iPhone"],[/\biPad\b/,"iPad"],[/\bAndroid\b/,"Android"],[/\bWindows\b/,"Windows"],[/\bCrOS\b/,"ChromeOS"],[/\bMac OS X\b/,"macOS"],[/\bLinux\b/,"Linux"]],Fs=(t,s)=>t.find(([o])=>o.test(s))?.[1];function Ls(t){if(!t)return null;let s=[Fs(oo,t),Fs(ro,t)].filter(Boolean);return s.length?s.join(", "):t.split(/[\s/]/)[0].slice(0,40)}var Rs=t=>/\b(?:Mobile|Android|iPhone|iPad)\b/.test(t??"");var Ms="/api/v1/users/me/logins";function Is(){let t=y(()=>O(Ms),[]),{ask:s,error:o}=v(),n=i=>s(()=>E(`${Ms}/${i.id}`)).then(t.retry),r=[...t.value??[]].sort((i,m)=>m.is_current-i.is_current||(i.last_used_at<m.last_used_at?1:-1));return a`<${Q} title=${e("devices.title")} testid="devices" loaded=${t}>
    <p class="quiet">${e("devices.hint")}</p>
    <${h} error=${o} />
    <div class="rows">${r.map(i=>a`<div class="device" key=${i.id} data-testid="device" data-current=${String(i.is_current)}>
      <span class="device-line"><${G} name=${Rs(i.user_agent)?"devices":"tv"} size=${24} /><span class="who"><b class="name">${Ls(i.user_agent)??e("devices.unknown")}</b>
        <span class="said">${i.is_current?a`<span class="presence on">${e("devices.this")}</span>`:e("devices.used",{day:k(i.last_used_at),time:M(i.last_used_at)})}</span></span></span>
      ${!i.is_current&&a`<${R} label=${e("devices.end")} question=${e("devices.end_ask")} yes=${e("devices.end")} testid="end-login" onYes=${()=>n(i)} />`}
    </div>`)}</div>
    ${t.value&&r.length<2&&a`<p class="quiet">${e("devices.none_other")}</p>`}
  </${Q}>`}var te="/api/v1/push-subscriptions";function Es({features:t},{isSecureContext:s,navigator:o,PushManager:n,Notification:r}=globalThis){return t.push?s?!n&&o.standalone===!1?"install":!n||!r||!o.serviceWorker?"browser":r.permission==="denied"?"denied":null:"insecure":"server"}var ee=()=>Ht().then(Boolean,()=>!1);async function Ns(t){if(await Notification.requestPermission()!=="granted")return;await ce();let{pushManager:s}=await navigator.serviceWorker.ready;await(await s.getSubscription())?.unsubscribe();let o=await s.subscribe({userVisibleOnly:!0,applicationServerKey:t}).catch(()=>{throw new re(0,"push_refused")});try{await I(te,o.toJSON())}catch(n){throw await o.unsubscribe(),n}}async function Ds(){let t=await Ht();if(!t)return;let{id:s}=await I(te,t.toJSON());await E(`${te}/${s}`),await t.unsubscribe()}function js({server:t,onTurnedOn:s}){let[o,n]=u(null),{ask:r,busy:i,error:m}=v();T(()=>{ee().then(n)},[]);let l=async d=>{await r(()=>d?Ns(t.push_public_key):Ds());let $=await ee();n($),d&&$&&s()},c=Es(t);return a`<${V} label=${e("push.title")} hint=${e(`push.${c??"hint"}`)} value=${!!o&&!c} disabled=${c!==null||o===null||i} onChange=${l} testid="push" />
    <${h} error=${m} />`}var no=["session_invitation","game_completed","payment_marked","message","friend_request","friend_accepted","achievement_unlocked","command_refused"],vt="/api/v1/notifications/settings",Us="/api/v1/chats/settings";function Hs(){let t=y(async()=>{let[d,$,p]=await Promise.all([_(vt),_(Us),_("/api/v1/server").catch(()=>null)]);return{notices:d,talk:$,server:p}},[]),[s,o]=u({});T(()=>o({}),[t.value]);let{ask:n,error:r}=v(),{notices:i,talk:m,server:l}={...t.value,...s},c=async(d,$,p)=>{let f=await n(()=>xt($,p));o(g=>({...g,...f&&{[d]:f}}))};return a`<${Q} title=${e("settings.notices")} testid="notice-settings-page" loaded=${t}>
    <${h} error=${r} />
    ${i&&a`
      <h2 class="h">${e("settings.tell_me")}</h2>
      <div class="rows padded">${no.filter(d=>d in i.kinds).map(d=>a`<${V} key=${d} label=${e(`notice_kind.${d}`)} value=${i.kinds[d]}
        onChange=${$=>c("notices",vt,{kinds:{[d]:$}})} testid="kind-${d}" />`)}</div>
      ${l&&a`<h2 class="h">${e("settings.ways")}</h2><div class="rows padded"><${js} server=${l} onTurnedOn=${()=>c("notices",vt,{kinds:{},language:N.get()})} />
        ${l.features.mail&&a`<${V} label=${e("settings.mail")} hint=${e("settings.mail_hint")} value=${i.evening_by_mail} onChange=${d=>c("notices",vt,{kinds:{},evening_by_mail:d})} testid="evening-by-mail" />`}</div>`}
      <${K} label=${e("settings.language")} value=${i.language??N.get()} options=${[["ru","Русский"],["en","English"]]} onChange=${d=>c("notices",vt,{kinds:{},language:d})} />
      <h2 class="h">${e("settings.seen")}</h2>
      <div class="rows padded"><${V} label=${e("settings.hide")} hint=${e("settings.hide_hint")} value=${m.hide_presence} onChange=${d=>c("talk",Us,{hide_presence:d})} testid="hide-presence" /></div>`}
  </${Q}>`}function Ws({me:t}){let[s,o]=u({current_password:"",password:""}),[n,r]=u(!1),[i,m]=u(!1),{ask:l,busy:c,error:d}=v(),$=P=>({value:s[P],required:!0,"data-testid":`password-${P}`,onInput:Y=>o({...s,[P]:Y.target.value})}),p=n?"text":"password",f=async P=>{P.preventDefault(),m(!1);let Y=await l(()=>ot("/api/v1/users/me",s));Y&&(st.set(Y),o({current_password:"",password:""}),m(!0))},g=d?.code==="invalid_credentials"?{code:"wrong_password"}:d;return a`<${Q} title=${e("password.title")} testid="password-page">
    <form class="sheet-form" onSubmit=${f}>
      <p class="quiet">${e("password.hint")}</p>
      <input class="hidden" type="text" autocomplete="username" value=${t.username} readonly tabindex="-1" aria-hidden="true" />
      <${S} label=${e("password.current")} type=${p} maxlength="128" autocomplete="current-password" ...${$("current_password")} />
      <${S} label=${e("password.new")} hint=${e("auth.password_hint")} type=${p} minlength="8" maxlength="128" autocomplete="new-password" ...${$("password")} />
      <${V} label=${e("password.show")} value=${n} onChange=${r} testid="show-password" />
      <${h} error=${g} />
      ${i&&a`<p class="note" role="status" data-testid="password-done">${e("password.done")}</p>`}
      <button type="submit" class="big" disabled=${c} data-testid="save-password">${e("password.save")}</button>
    </form>
  </${Q}>`}var io={notices:Hs,devices:Is,password:Ws,data:Ts};function lo({me:t,part:s}){let o=io[s];return o?a`<${o} me=${t} />`:a`<${mo} me=${t} />`}function mo({me:t}){let{value:s}=pt(),o=async()=>{await _e(),b("/")};return a`<main class="page" data-testid="me">
    <${w} title=${e("nav.me")} sub=${t.username?`@${t.username}`:e("me.guest")}><${W} /></${w}>
    <${x} />
    <div class="sheet form">
      <div class="card-person"><${D} name=${t.display_name||t.username||"?"} index=${bt(t.id)} /><${co} me=${t} /></div>
      ${t.is_guest&&a`<${Bs} />`}
      <div class="rows">
        <${mt} icon="people" to="/friends" testid="to-friends" text=${e("friends.title")} n=${s?.asking.length} what=${s&&e("friends.waiting",{n:s.asking.length})} />
        <${mt} icon="bell" to="/me/notices" testid="to-notice-settings" text=${e("settings.notices")} />
        ${!t.is_guest&&a`<${mt} icon="lock" to="/me/password" testid="to-password" text=${e("password.title")} />`}
        <${mt} icon="devices" to="/me/devices" testid="to-devices" text=${e("devices.title")} />
        <${mt} icon="file" to="/me/data" testid="to-data" text=${e("data.title")} />
        ${t.role==="admin"&&a`<${mt} icon="sliders" to="/admin" testid="to-admin" text=${e("admin.title")} />`}
      </div>
      <${Lt} />
      <${Ye} />
      <${Ne} />
      ${t.is_guest?a`<${R} label=${e("me.guest_logout")} question=${e("me.guest_logout_ask")} yes=${e("me.logout")} testid="logout" onYes=${o} />`:a`<button type="button" class="ghost danger" data-testid="logout" onClick=${o}>${e("me.logout")}</button>`}
    </div>
    <${B} at="me" />
  </main>`}function co({me:t}){let[s,o]=u(t.display_name??""),{ask:n,busy:r,error:i}=v(),m=async c=>{c.preventDefault();let d=await n(()=>ot("/api/v1/users/me",{display_name:s.trim()}));d&&st.set(d)},l=s.trim()&&s.trim()!==t.display_name;return a`<form class="name-form" onSubmit=${m}>
    <${S} label=${e("auth.display_name")} required maxlength="64" autocomplete="nickname" value=${s} data-testid="my-name" onInput=${c=>o(c.target.value)} />
    ${l&&a`<button type="submit" class="small" disabled=${r} data-testid="save-name">${e("action.save")}</button>`}
    <${h} error=${i} /></form>`}var po=/^00000000-0000-7000-8000-([0-9a-f]{12})$/;function Ys({id:t,is_system:s,name:o}){let n=s&&po.exec(t),r=n&&`template.${parseInt(n[1],16)}`;return r&&St(r)?e(r):o}function $o(){let{value:t,error:s}=y(()=>O("/api/v1/templates"),[]),[o,n]=u(lt[0].type),[r,i]=u(null),[m,l]=u(null),[c,d]=u(""),[$,p]=u(!0),[f,g]=u(""),[P,Y]=u(null),{ask:X,busy:ct,error:oa}=v(),_t=le(()=>(t??[]).filter(q=>q.rules.game_type===o),[t,o]),et=_t.find(q=>q.id===r)??_t[0]??null,kt=m??Oe(et?.rules??Ae(o)),ae=q=>{i(q),l(null)},ra=async()=>{let q={name:c.trim()||e(`new.name.${o}`),is_private:$};if(f.trim()&&(q.max_players=Number(f)),m||!et){let Nt=Be(kt);if(Nt.field)return Y({code:`form_${Nt.field}`});q.rules=Nt.rules}else q.template_id=et.id;Y(null);let oe=await X(()=>I("/api/v1/sessions",q));oe&&b(`/s/${oe.id}`,{replace:!0})};return a`<main class="page" data-testid="new">
    <${w} title=${e("lobby.new")} back="/" />
    <${x} />
    <div class="sheet form">
      <${S} label=${e("new.name")} placeholder=${e(`new.name.${o}`)} maxlength="100" value=${c} data-testid="session-name" onInput=${q=>d(q.target.value)} />
      <${H} name="game" label=${e("new.game")} value=${o} options=${lt.map(({type:q})=>[q,e(`game.${q}`)])} onChange=${q=>{n(q),ae(null)}} />
      ${_t.length>0&&a`<h2 class="h">${e("new.template")}</h2>
        <div class="templates">${_t.map(q=>a`<button type="button" class="template${q===et?" on":""}" aria-pressed=${q===et}
          data-testid="template" onClick=${()=>ae(q.id)}><b>${Ys(q)}</b><small>${Wt(q.rules).priceText(q.rules)}</small></button>`)}</div>`}
      ${et&&!et.is_system&&a`<button type="button" class="text" data-testid="about-rules" onClick=${()=>b(`/rules/${et.id}`)}>${e("house.about",{name:et.name})}</button>`}
      <${h} error=${s} />
      <details><summary data-testid="edit-rules">${e("new.edit_rules")}</summary><${Fe} draft=${kt} onChange=${l} /></details>
      <${S} label=${e("new.max_players")} inputmode="numeric" pattern="[0-9]*" placeholder=${String(Wt(kt.rules).mostPlayers(kt.rules))} value=${f}
        onInput=${q=>g(q.target.value.replace(/\D/g,"").slice(0,2))} />
      <${V} label=${e("new.private")} hint=${e("new.private_hint")} value=${$} onChange=${p} testid="private" />
      <${h} error=${P??oa} />
      <button type="button" class="big" disabled=${ct||!t&&!s} data-testid="create" onClick=${ra}>${e("new.create")}</button>
    </div>
  </main>`}var uo={game_completed:t=>t.session_id&&`/s/${t.session_id}`,achievement_unlocked:()=>"/achievements",session_invitation:t=>t.session_id&&`/join/${t.session_id}`,friend_request:t=>t.from_user_id&&`/users/${t.from_user_id}`,friend_accepted:t=>t.from_user_id&&`/users/${t.from_user_id}`,payment_marked:t=>t.session_id&&`/s/${t.session_id}`,message:t=>t.chat_id?`/chats/${t.chat_id}`:"/chats"},zs=({kind:t,data:s})=>uo[t]?.(s??{})||null;function fo(){let t=F(ye);return t&&a`<${bo} told=${t} />`}function bo({told:t}){let s=F(t.state),o=F(Pt)==="online",{ask:n,error:r}=v();T(()=>{t.load()},[o]);let i={...s,more:()=>t.more(),retry:()=>t.load()};return a`<main class="page" data-testid="notices">
    <${w} title=${e("notices.title")} back="/"><${dt} icon="sliders" label=${e("settings.notices")} onClick=${()=>b("/me/notices")} testid="notice-settings" /></${w}>
    <${x} />
    <div class="sheet">
      ${s.unread.size>0&&a`<button type="button" class="ghost" data-testid="read-all" onClick=${()=>t.readAll()}>${e("notices.read_all")}</button>`}
      <${h} error=${r} />
      ${s.loaded&&Rt(s.items,m=>Ct(m.created_at)).map(m=>a`<section class="stack" key=${m.day}><h2 class="h">${m.day}</h2>
        <ul class="rows notices">${m.items.map(l=>a`<${ho} key=${l.id} one=${l} told=${t} ask=${n} />`)}</ul></section>`)}
      <${Z} pages=${i} empty=${e("notices.none")} />
    </div>
    <${B} at="lobby" />
  </main>`}function ho({one:t,told:s,ask:o}){let[n,r]=Ue(t),i=zs(t),m=()=>{s.read(t.id),i&&b(i)};return a`<li class="notice${t.read_at?"":" unread"}" data-testid="notice" data-kind=${t.kind} data-read=${String(!!t.read_at)}>
    <button type="button" class="notice-in" onClick=${m}><span class="notice-icon"><${G} name=${He[t.kind]??"bell"} />${!t.read_at&&a`<span class="dot"></span>`}</span>
      <span class="who"><b class="name">${!t.read_at&&a`<span class="hidden">${e("notices.new")} </span>`}${n}</b><span class="how">${r}</span><time class="said" datetime=${t.created_at}>${M(t.created_at)}</time></span></button>
    <button type="button" class="icon plain" title=${e("notices.remove")} aria-label="${e("notices.remove")}: ${n}" data-testid="notice-remove" onClick=${()=>s.remove(t.id)}><${G} name="close" /></button>
    <${go} one=${t} told=${s} ask=${o} />
  </li>`}function go({one:t,told:s,ask:o}){let{kind:n,data:r}=t;if(t.read_at)return null;let i=m=>()=>o(async()=>{await m(),s.read(t.id)});return n==="friend_request"&&r.request_id?a`<div class="two"><button type="button" class="small go" data-testid="notice-accept" onClick=${i(()=>$t(r.request_id))}>${e("friends.accept")}</button>
      <button type="button" class="small" data-testid="notice-decline" onClick=${i(()=>ut(r.request_id))}>${e("friends.decline")}</button></div>`:n==="session_invitation"&&r.session_id?a`<div class="two"><button type="button" class="small go" data-testid="notice-join" onClick=${()=>{s.read(t.id),b(`/join/${r.session_id}`)}}>${e("join.title")}</button>
      ${r.participant_id&&a`<button type="button" class="small" data-testid="notice-refuse" onClick=${i(()=>E(`/api/v1/sessions/${r.session_id}/participants/${r.participant_id}`))}>${e("notice.refuse")}</button>`}</div>`:null}var yo=new Set(["waiting","in_progress"]);function Gs({userId:t,me:s}){let{value:o}=y(()=>_("/api/v1/sessions?scope=mine&limit=50"),[]),[n,r]=u([]),{ask:i,busy:m,error:l}=v();if(!o)return null;let c=o.items.filter(p=>p.creator_user_id===s.id&&yo.has(p.status)),d=c.filter(p=>!p.participants.some(f=>f.user_id===t&&f.is_active)),$=p=>i(()=>I(`/api/v1/friends/${t}/invite`,{session_id:p.id}).then(()=>r([...n,p.id])));return c.length?a`<div class="stack" data-testid="invite-to-table">${d.map(p=>n.includes(p.id)?a`<p class="note" role="status" key=${p.id} data-testid="invited">${e("person.invited",{name:p.name})}</p>`:a`<button type="button" class="ghost" key=${p.id} disabled=${m} data-testid="invite" onClick=${()=>$(p)}>${e("person.invite",{name:p.name})}</button>`)}
    <${h} error=${l} /></div>`:a`<button type="button" class="text" onClick=${()=>b("/new")}>${e("person.open_table")}</button>`}function Js({balls:t}){let s=Xe(t);if(!s.length)return null;let o=new Intl.NumberFormat(N.get());return a`<section class="stack"><h2 class="h">${e("stats.by_color")}</h2>
    <ul class="rows shares" data-testid="ball-shares">
      ${s.map(({color:n,n:r,share:i})=>a`<li key=${n}><${Se} color=${n} size=${22} /><span class="share-name">${e(`color.${n}`)}</span>
        <${it} parts=${[[`fill ${n}`,i]]} /><b>${o.format(r)}</b></li>`)}
    </ul></section>`}function Ks({statistics:t,types:s,onChoose:o}){return a`<section class="stack"><h2 class="h">${e("stats.by_game")}</h2>
    <div class="rows" data-testid="by-game">${s.map(n=>{let r=t.by_game_type[n];return a`<button type="button" class="row by-game" key=${n} data-testid="by-game-${n}" onClick=${()=>o(n)}>
        <span class="who"><b class="name">${e(`game.${n}`)}</b><span class="said">${e("stats.won_of",{wins:r.wins,n:r.games})}</span>
          <${it} parts=${[["won",r.wins/r.games],["lost",r.losses/r.games]]} /></span>
        <span class="nets">${ht(r).map(i=>a`<b class="m ${L(r.nets?.[i]??0)}" key=${i}>${A(r.nets?.[i]??0,i)}</b>`)}</span>
      </button>`})}</div></section>`}var wt=320,se=150,Zs=10,vo=8,wo=7,_o=50;function Qs({series:t,timed:s,id:o="money"}){let n=Ze(t),{currency:r}=t,i=Ke(Math.min(...n),Math.max(...n),10**me(r)),m=Math.max(...i.map(g=>A(g,r).length))*wo+6,l=g=>m+g*(wt-m-6)/Math.max(1,n.length-1),c=g=>Zs+(i.at(-1)-g)*(se-Zs-vo)/(i.at(-1)-i[0]),d=n.map((g,P)=>`${P?"L":"M"}${l(P).toFixed(1)} ${c(g).toFixed(1)}`).join(""),$=`${d}L${l(n.length-1).toFixed(1)} ${c(0)}L${l(0)} ${c(0)}Z`,p=n.at(-1),f=e("money_chart.label",{least:A(Math.min(...n),r),most:A(Math.max(...n),r),now:A(p,r)});return a`<figure class="chart money-chart" data-testid="money-chart">
    <svg viewBox="0 0 ${wt} ${se}" role="img" aria-label=${f}>
      <clipPath id="${o}-up"><rect x="0" y="0" width=${wt} height=${c(0)} /></clipPath>
      <clipPath id="${o}-down"><rect x="0" y=${c(0)} width=${wt} height=${se} /></clipPath>
      ${i.map(g=>a`<path class="axis${g===0?" zero":""}" d="M${m} ${c(g)}H${wt}" /><text class="tick" x=${m-6} y=${c(g)+4}>${A(g,r)}</text>`)}
      ${["up","down"].map(g=>a`<g clip-path="url(#${o}-${g})"><path class="area ${g}" d=${$} /><path class="stroke ${g}" d=${d} /></g>`)}
      <circle class="end ${L(p)}" cx=${l(n.length-1)} cy=${c(p)} r="4.5" />
    </svg>
    <figcaption><span>${k(t.items[0].at)}</span><b class="m ${L(p)}">${A(p,r)}</b><span>${k(t.items.at(-1).at)}</span></figcaption>
    <${ko} series=${t} timed=${s} />
  </figure>`}function ko({series:t,timed:s}){let o=({at:r})=>s?`${k(r)}, ${M(r)}`:k(r),n=[...t.items].reverse().slice(0,_o);return a`<details class="as-table"><summary data-testid="as-table">${e("chart.as_table")}</summary>
    <table><caption class="hidden">${e("money_chart.title")}</caption>
      <thead><tr><th scope="col">${e("chart.when")}</th><th scope="col">${e("chart.net")}</th><th scope="col">${e("chart.total")}</th></tr></thead>
      <tbody>${n.map(r=>a`<tr key=${r.at}><th scope="row">${o(r)}</th><td class=${L(r.net)}>${A(r.net,t.currency)}</td><td class=${L(r.total)}>${A(r.total,t.currency)}</td></tr>`)}</tbody>
    </table>
    ${t.items.length>n.length&&a`<p class="quiet">${e("chart.last_rows",{n:n.length})}</p>`}
  </details>`}var xo=["game","day","week","month"],So=Intl.DateTimeFormat().resolvedOptions().timeZone;function Xs({userId:t,totals:s,age:o}){let n=ht(s),[r,i]=u("game"),[m,l]=u(n[0]),{value:c,error:d,retry:$}=y(()=>_(`/api/v1/stats/users/${t}/money${at({by:r,currency:m,time_zone:So})}`),[t,r,m,o]);return a`<section class="stack" data-testid="money-over-time">
    <h2 class="h">${e("money_chart.title")}</h2>
    ${n.length>1&&a`<${K} label=${e("money_chart.currency")} value=${m} options=${n.map(p=>[p,p])} onChange=${l} />`}
    <${H} name="money-by" label=${e("money_chart.by")} value=${r} options=${U("money_chart.by",xo)} onChange=${i} />
    ${d&&!c&&a`<${j} error=${d} onRetry=${$} />`}
    ${!c&&!d&&a`<p class="quiet" role="status">${e("state.loading")}</p>`}
    ${c&&(c.items.length?a`<${Qs} series=${c} timed=${r==="game"} />`:a`<p class="quiet">${e("money_chart.none")}</p>`)}
  </section>`}function Vs({userId:t,type:s,age:o}){let n=tt(`/api/v1/stats/users/${t}/opponents${at({game_type:s,limit:10})}`,[o]);return a`<section class="stack" data-testid="opponents"><h2 class="h">${e("stats.opponents")}</h2>
    ${n.items.length>0&&a`<div class="rows">${n.items.map((r,i)=>a`<${Co} key=${r.user_id} one=${r} index=${i} />`)}</div>`}
    <${Z} pages=${n} empty=${e("stats.no_opponents")} />
  </section>`}function Co({one:t,index:s}){let o=Math.max(1,t.games);return a`<button type="button" class="row person" data-testid="opponent" onClick=${()=>b(`/users/${t.user_id}`)}>
    <${D} name=${ft(t.display_name)} index=${s} />
    <span class="who"><b class="name">${ft(t.display_name)}</b><span class="said">${e("games",{n:t.games})} · ${e("stats.ahead",{ahead:t.ahead,behind:t.behind})}</span>
      <${it} parts=${[["won",t.ahead/o],["lost",t.behind/o]]} /></span>
    <span class="nets">${Object.entries(t.nets).map(([n,r])=>a`<b class="m ${L(r)}" key=${n}>${A(r,n)}</b>`)}</span>
  </button>`}function ta({userId:t,limit:s=10,age:o}){let n=tt(`/api/v1/stats/users/${t}/evenings?limit=${s}`,[o]);return a`<section class="stack" data-testid="evenings"><h2 class="h">${e("stats.evenings")}</h2>
    ${n.items.length>0&&a`<div class="rows">${n.items.map(r=>a`<${Po} key=${`${r.session_id}${r.currency}`} one=${r} />`)}</div>`}
    <${Z} pages=${n} empty=${e("stats.no_evenings")} />
  </section>`}function Po({one:t}){let s=[k(t.started_at),e("games",{n:t.games}),e("wins",{n:t.wins})],o=a`<span class="who"><b class="name">${t.name??e("stats.evening")}</b><span class="said">${s.join(" · ")}</span></span>
    ${t.currency&&a`<b class="m ${L(t.net)}">${A(t.net,t.currency)}</b>`}`;return t.name?a`<button type="button" class="row past" data-testid="evening" onClick=${()=>b(`/s/${t.session_id}`)}>${o}</button>`:a`<div class="row past" data-testid="evening">${o}</div>`}var qo=["games","wins","losses","win_rate","points","balls_potted","fouls","best_score"],Ao=["highest","fifties","centuries"];function ea({title:t,totals:s,rating:o,testid:n="totals"}){let r=new Intl.NumberFormat(N.get()),i=new Intl.NumberFormat(N.get(),{style:"percent",maximumFractionDigits:0}),m=qo.map(l=>[e(`stats.${l}`),(l==="win_rate"?i:r).format(s[l]??0)]);for(let l of s.breaks?Ao:[])m.push([e(`breaks.${l}`),r.format(s.breaks[l])]);return o&&m.push([e("stats.rating"),a`${r.format(o.rating)} <small title=${e("stats.deviation")}>±${r.format(o.deviation)}</small>`]),a`<section class="stack">
    ${t&&a`<h2 class="h">${t}</h2>`}
    <div class="rows totals" data-testid=${n}>
      ${ht(s).map(l=>a`<p class="total-net" key=${l}><span>${e("stats.net")}</span><b class="m ${L(s.nets?.[l]??0)}">${A(s.nets?.[l]??0,l)}</b></p>`)}
      <dl>${m.map(([l,c])=>a`<div key=${l}><dt>${l}</dt><dd>${c}</dd></div>`)}</dl>
    </div>
  </section>`}function sa({streak:t}){if(!t)return null;let{kind:s,length:o}=t.current;return a`<section class="stack"><h2 class="h">${e("streak.title")}</h2>
    <div class="rows padded" data-testid="streak">
      <p class="streak-now">${s?a`<span class="dots-run" aria-hidden="true">${Array.from({length:Math.min(o,10)},()=>a`<i class=${s==="wins"?"won":"lost"}>${s==="wins"?"+":"−"}</i>`)}</span>${e(`streak.${s}`,{n:o})}`:e("streak.none")}</p>
      <p class="quiet">${e("streak.longest",{wins:t.longest_wins,losses:t.longest_losses})}</p>
    </div></section>`}function aa({game:t}){return t?a`<button type="button" class="rows best-game" data-testid="best-game" onClick=${()=>b(`/s/${t.session_id}`)}>
    <span class="who"><span class="quiet">${e("stats.best_game")} · ${k(t.ended_at)}</span><b>${e("points",{n:t.points})}</b></span><${G} name="next" />
  </button>`:null}function Et({userId:t,isMine:s}){let o=F(rt),[n,r]=u("all"),{value:i,error:m,retry:l}=y(()=>_(`/api/v1/stats/users/${t}`),[t,o]);if(!i)return m?a`<${j} error=${m} onRetry=${l} />`:a`<p class="quiet" role="status">${e("state.loading")}</p>`;if(!i.totals.games)return a`<p class="quiet" data-testid="empty">${e(s?"stats.empty":"stats.empty_other")}</p>`;let c=Qe(i),d=i.by_game_type[n]??i.totals,$=d===i.totals,p=[["all",e("stats.all_games")],...c.map(f=>[f,e(`game.${f}`)])];return a`
    ${c.length>1&&a`<${H} name="stats-type" label=${e("stats.which")} value=${n} options=${p} onChange=${r} />`}
    <div class="numbers two-sides">
      <div class="numbers"><${ea} totals=${d} rating=${$&&c.length>1?null:i.ratings?.[$?c[0]:n]} />
        ${$&&a`<${Xs} userId=${t} totals=${i.totals} age=${o} />`}
        <${sa} streak=${d.streak} />
        <${aa} game=${d.best_game} /></div>
      <div class="numbers">${$&&c.length>1&&a`<${Ks} statistics=${i} types=${c} onChoose=${r} />`}
        <${Js} balls=${d.balls_by_color} />
        <${Vs} userId=${t} type=${n} age=${o} />
        ${$&&a`<${ta} userId=${t} age=${o} />`}</div>
    </div>`}function Oo({id:t,me:s}){let[o]=u(()=>jt()?.startsWith("/users/")?null:jt()),{value:n,error:r,retry:i}=y(()=>_(`/api/v1/users/${t}`),[t]),{value:m}=pt(),l=m&&Ot(m,t,s.id);return a`<main class="page roomy" data-testid="person">
    <${w} title=${n?.display_name??e("person.title")} back=${o??"/friends"} />
    <${x} />
    <div class="sheet">
      ${!n&&(r?a`<${j} error=${r} onRetry=${i} />`:a`<p class="quiet" role="status">${e("state.loading")}</p>`)}
      ${n&&a`<div class="card-person"><${D} name=${n.display_name} index=${bt(t)} />
          <span class="who"><b class="name">${n.display_name}</b>${n.username&&a`<span class="said">@${n.username}</span>`}
          ${l&&l.kind!=="none"&&a`<span class="relation" data-testid="relation">${e(`friends.is.${l.kind}`)}</span>`}</span></div>
        ${l&&l.kind!=="self"&&a`<${Bo} user=${n} relation=${l} me=${s} />`}
        <${Et} userId=${t} isMine=${t===s.id} />
        ${l&&a`<${To} user=${n} relation=${l} />`}`}
    </div>
    <${B} at="me" />
  </main>`}function Bo({user:t,relation:s,me:o}){let n=F(qt),{ask:r,busy:i,error:m}=v(),{kind:l,request:c}=s,d=(p,f,g,P)=>a`<button type="button" class=${f} disabled=${i} data-testid=${p} onClick=${()=>r(P)}>${g}</button>`,$=()=>n.direct(t.id).then(p=>b(`/chats/${p}`));return l==="blocked"?a`<p class="note">${e("person.blocked")}</p>${d("unblock","ghost",e("friends.unblock"),()=>Ft(t.id))}<${h} error=${m} />`:a`<div class="two">
      ${l==="none"&&d("add-friend","big",e("friends.add"),()=>Bt(t.id))}
      ${l==="asks"&&d("accept","big",e("friends.accept"),()=>$t(c))}
      ${l==="asks"&&d("decline","ghost",e("friends.decline"),()=>ut(c))}
      ${l==="asked"&&d("take-back","ghost",e("friends.take_back"),()=>Tt(c))}
      ${d("write-to",l==="friend"?"big wide":"ghost",e("chats.write"),$)}
    </div>
    <${h} error=${m} />
    <${Gs} userId=${t.id} me=${o} />`}function To({user:t,relation:s}){let{ask:o,error:n}=v();if(s.kind==="self"||s.kind==="blocked")return null;let r=t.display_name;return a`<div class="stack ends"><${h} error=${n} />
    ${s.kind==="friend"&&a`<${R} label=${e("person.remove")} question=${e("person.remove_ask",{name:r})} yes=${e("person.remove_yes")} testid="unfriend" onYes=${()=>o(()=>Me(t.id))} />`}
    <${R} label=${e("person.block")} question=${e("person.block_ask",{name:r})} yes=${e("person.block_yes")} testid="block" onYes=${()=>o(()=>Ie(t.id))} /></div>`}var Fo=new Set(["waiting","in_progress"]);function Lo({code:t,me:s}){let{value:o,error:n}=y(()=>_("/api/v1/sessions?scope=mine&limit=50"),[]),[r,i]=u(null),m=v(),l=(o?.items??[]).filter(d=>Fo.has(d.status)&&fe(d,s.id)?.left_at==null),c=async d=>{await m.ask(async()=>(await Ee(await _(`/api/v1/sessions/${d.id}`),t),!0))&&i(d)};return a`<main class="page" data-testid="send-to-tv"><${w} title=${e("tv.which")} sub=${Ge(t)} back="/" />
    <div class="sheet">
      <${h} error=${n??m.error} />
      ${r&&a`<p class="quiet center" role="status" data-testid="tv-done">${e("tv.done")}</p>
        <button type="button" class="big" onClick=${()=>b(`/s/${r.id}`)}>${e("tv.to_table")}</button>`}
      ${!r&&l.map(d=>a`<button type="button" class="big" key=${d.id} disabled=${m.busy} data-testid="tv-session" onClick=${()=>c(d)}>${d.name}</button>`)}
      ${!r&&o&&l.length===0&&a`<p class="quiet center" data-testid="tv-none">${e("tv.none")}</p>
        <button type="button" class="big" onClick=${()=>b("/new")}>${e("welcome.start")}</button>`}
    </div></main>`}function Ro({me:t}){return a`<main class="page roomy" data-testid="stats">
    <${w} title=${e("nav.stats")} sub=${t.display_name||t.username}><${W} /></${w}>
    <${x} />
    <${nt} at="stats" />
    <div class="sheet"><${Et} userId=${t.id} isMine /></div>
    <${B} at="stats" />
  </main>`}export{ma as Achievements,ya as Admin,va as Auth,Ca as Chats,Na as Club,ja as Clubs,Ua as Friends,Ga as History,Ka as HouseRules,Va as Leaderboard,lo as Me,$o as NewSession,fo as Notices,Oo as Person,Lo as SendToTv,Ro as Stats};
