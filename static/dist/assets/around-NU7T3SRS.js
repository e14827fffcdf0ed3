import{A as je,B as Ee,C as Le,F as Ae,H as Pe,I as Ie,J as De,b as Ht,c as k,d as vt,f as xe,g as Se,h as Ce,i as qe,l as Oe,n as pt,o as Me,y as Gt}from"/assets/chunk-UESVV6CD.js";import{a as ge,c as _e,d as ke,f as we}from"/assets/chunk-PWI7SBY2.js";import{$ as ft,$a as Te,Aa as be,B as re,Ba as W,Ca as T,Da as P,Ea as et,Fa as v,Ga as E,Ha as mt,Ia as g,Ja as bt,La as ye,Ma as gt,Na as yt,Oa as F,Qa as B,S as se,T as ie,Ta as ve,Ua as ot,W as X,X as ut,Y as le,Ya as Re,Z as me,Za as Be,_ as pe,a as f,aa as A,ab as Fe,b as N,ba as M,ca as U,d as ee,da as J,e as oe,ea as h,f as r,fa as ce,h as H,ha as de,j as Nt,ja as $e,k as ae,ka as tt,l as C,o as a,p as Ut,pa as ue,qa as ht,r as L,s as _,t as Z,u as G,ua as fe,va as Wt,w as Q,wa as he,y as S,z as ne,za as K}from"/assets/chunk-734SKB3L.js";import{b as Dt,f as Xt,j as te,l as Y,m as x,n as z,p as V}from"/assets/chunk-3OLAASAO.js";function qo({session:t,me:e,onClose:o}){return r`<${g} title=${a("chat.title")} onClose=${o} testid="chat-sheet" tall>
    <${Ht} ...${Ne(t,e)} focused onClose=${o} />
  </${g}>`}function Oo({session:t,me:e}){return r`<aside class="pane" aria-label=${a("chat.title")} data-testid="chat-pane">
    <header class="bar"><h2>${a("chat.title")}</h2></header>
    <${Ht} ...${Ne(t,e)} />
  </aside>`}function Ne(t,e){let o=new Map(t.participants.filter(i=>i.user_id).map(i=>[i.user_id,{name:i.display_name,index:t.participants.indexOf(i)}])),n=A(t,e.id);return{key:t.chat_id,id:t.chat_id,me:e,people:o,mayDelete:M(t,e.id),members:String(n?.is_active)}}var Mo=/^[A-HJ-NP-Z2-9]{6}$/,jo=/\/join\/([^/?#]+)\/?$/,_t=t=>t.toUpperCase().replace(/[^A-Z0-9]/g,"").slice(0,6);function Ue(t){let e=jo.exec(t.trim().replace(/[?#].*$/,"")),o=(e?e[1]:t.trim()).toUpperCase();return Mo.test(o)?o:null}async function Eo(){if(!globalThis.BarcodeDetector||!navigator.mediaDevices?.getUserMedia)return!1;try{return(await BarcodeDetector.getSupportedFormats()).includes("qr_code")}catch{return!1}}function We(){let[t,e]=f(!1);return N(()=>{Eo().then(e)},[]),t}var Lo=200;function He({onCode:t,onClose:e}){let o=ee(null),[n,i]=f("scan.starting");N(()=>Ro(o.current,{onCode:t,say:i}),[]);let s=n==="scan.denied"||n==="scan.failed";return r`<${g} title=${a("scan.title")} onClose=${e} testid="scan-sheet">
    ${!s&&r`<video class="viewfinder" ref=${o} muted playsinline aria-label=${a("scan.title")}></video>`}
    <p class=${s?"problem":"quiet center"} role="status" data-testid="scan-said">${a(n)}</p>
  </${g}>`}function Ro(t,{onCode:e,say:o}){let n=null,i=null,s=!0,l=()=>{s=!1,clearTimeout(i),n?.getTracks().forEach(u=>u.stop())},m=new BarcodeDetector({formats:["qr_code"]}),p=async()=>{let u=await m.detect(t).catch(()=>[]);if(!s)return;let c=u.map(({rawValue:d})=>Ue(d)).find(Boolean);if(c)return e(c);o(u.length?"scan.other":"scan.hint"),i=setTimeout(p,Lo)};return(async()=>{if(n=await navigator.mediaDevices.getUserMedia({video:{facingMode:"environment"}}),!s)return l();t.srcObject=n,await t.play(),p()})().catch(u=>{s&&o(u.name==="NotAllowedError"?"scan.denied":"scan.failed"),l()}),l}function kt({value:t,label:e,hint:o,onChange:n,onScan:i=n}){let[s,l]=f(!1),m=We(),p=$=>{l(!1),i($)};return r`<div class="field"><span>${e}</span>
    <div class="code-field"><input class="code-input" aria-label=${e} placeholder="······" autocomplete="off" autocapitalize="characters" spellcheck="false"
        maxlength="8" value=${t} data-testid="code-input" onInput=${$=>n($.target.value)} />
      ${m&&r`<button type="button" class="small" data-testid="scan" aria-label=${a("scan.open")} title=${a("scan.open")} onClick=${()=>l(!0)}><${T} name="scan" size=${24} /></button>`}</div>
    ${o&&r`<small>${o}</small>`}
    ${s&&r`<${He} onCode=${p} onClose=${()=>l(!1)} />`}
  </div>`}function at(){let[t,e]=f("");return r`<form class="join" onSubmit=${n=>{n.preventDefault(),t.length===6&&S(`/join/${t}`)}}>
    <${kt} value=${t} label=${a("join.code")} onChange=${n=>e(_t(n))} onScan=${n=>S(`/join/${n}`)} />
    <button type="submit" class="big" disabled=${t.length<6} data-testid="code-submit">${a("join.go")}</button>
  </form>`}function Ao({removed:t}){return r`<div class="form sheet-form" data-testid="not-member"><h2>${a(t?"error.participant_removed":"join.not_member")}</h2>
    <p class="quiet">${a(t?"join.removed":"enter.by_session_link")}</p>${!t&&r`<${at} />`}</div>`}function nt({view:t,pending:e,canUndo:o,onCommand:n,onClose:i}){let{session:s,events:l,games:m}=t.state,[p,$]=f(null),u=ut(l),c=le(l),d=new Set(e.filter(b=>["void_event","reassign_event"].includes(b.command.type)).map(b=>b.command.seq)),w=new Map([...m,s.current_game].filter(b=>b&&b.status!=="cancelled").map(b=>[b.id,b.order])),y=new Map(l.filter(b=>b.type==="game.started").map(b=>[b.game_id,b.data.number])),q=l.at(-1)?.hash??s.fingerprint,O=l.filter(b=>b.type!=="game.event_voided").toReversed();return r`<${g} title=${a("log.title")} onClose=${i} testid="log">
    ${!t.logComplete&&r`<p class="quiet">${a("state.loading")}</p>`}
    ${t.logComplete&&q&&r`<p class="quiet" data-testid="fingerprint" title=${q}>${a("log.fingerprint",{n:t.state.seq,hash:Po(q)})}</p>`}
    <ol class="log">
      ${O.map(b=>r`<li key=${b.seq} class=${u.has(b.seq)?"voided":""} data-testid="log-line" data-seq=${b.seq}>
        <span class="time">${G(b.timestamp)}</span>
        <span class="line">${X(b)?r`<${ot} event=${Qt(b)} session=${s} />`:Bo(b,s,y)}
          <small>${Io(b,s)}</small></span>
        ${$t(b)}
        ${p===b.seq&&So(b)}
      </li>`)}
    </ol>
  </${g}>`;function $t(b){return u.has(b.seq)?r`<span class="quiet">${a("log.voided")}</span>`:d.has(b.seq)?r`<span class="quiet">${a("state.undoing")}</span>`:!o||!w.has(b.game_id)||!(X(b)||b.type==="game.event_reassigned")?null:r`<span class="does">${X(b)&&r`<button type="button" class="small" aria-expanded=${p===b.seq} aria-label=${a("log.move")} title=${a("log.move")}
        data-testid="log-move" onClick=${()=>$(p===b.seq?null:b.seq)}>⇄</button>`}
      <button type="button" class="small" aria-label=${a("action.undo")} title=${a("action.undo")} data-testid="log-undo" onClick=${()=>n({type:"void_event",seq:b.seq})}><${T} name="undo" /></button></span>`}function Qt(b){return c.has(b.seq)?{...b,data:{...b.data,participant_id:c.get(b.seq)}}:b}function So(b){let Co=(w.get(b.game_id)??[]).filter(lt=>lt!==Qt(b).data.participant_id);return r`<span class="owners" role="group" aria-label=${a("log.move")}>${Co.map(lt=>r`<button type="button" class="small" key=${lt}
      data-testid="log-move-to" onClick=${()=>{n({type:"reassign_event",seq:b.seq,participant_id:lt}),$(null)}}>${h(s,lt)}</button>`)}</span>`}}var Po=t=>t.slice(0,16).replace(/(.{4})(?=.)/g,"$1 ");function Bo(t,e,o){let{data:n}=t,i=n.display_name??n.creator_display_name??(n.participant_id?h(e,n.participant_id):"");return r`<b>${a(`event.${t.type}`,{name:i,n:o.get(t.game_id)??""})}</b>`}function Io(t,e){return t.actor?.participant_id?a("log.by",{name:h(e,t.actor.participant_id)}):""}function Ge({event:t,order:e,session:o,me:n,onCommand:i,onClose:s}){let l=e.filter(p=>p!==t.data.participant_id),m=p=>{i({seq:t.seq,...p}),s()};return r`<${g} title=${a("mark.title")} onClose=${s} testid="mark-sheet">
    <p class="mark-line"><${ot} event=${t} session=${o} size=${28} /></p>
    <p class="quiet">${[ve(t,o,n),G(t.timestamp)].filter(Boolean).join(" · ")}</p>
    <h3 class="h">${a("mark.whose")}</h3>
    <div class="rows">${l.map(p=>r`<button type="button" class="row person" key=${p} data-testid="mark-to" data-participant=${p}
      onClick=${()=>m({type:"reassign_event",participant_id:p})}>
      <${et} name=${h(o,p)} index=${o.participants.findIndex($=>$.id===p)} /><b class="name">${h(o,p)}</b></button>`)}</div>
    <button type="button" class="ghost danger" data-testid="mark-undo" onClick=${()=>m({type:"void_event"})}>${a("mark.undo")}</button>
  </${g}>`}var To=new Set(["session.expense_added","session.table_stopped","session.payment_marked"]),Fo=["equally","losers","by_time"];function rt({view:t,session:e,me:o,onClose:n}){let i=`/api/v1/sessions/${e.id}`,{busy:s,error:l,ask:m}=k(),p=["waiting","in_progress"].includes(e.status),$=p&&U(e,o.id),u={session:e,me:o,path:i,ask:m,busy:s};return r`<${g} title=${a("money.title")} onClose=${n} testid="money">
    ${$&&r`<${Do} ...${u} />`}
    ${p&&r`<${No} ...${u} />`}
    <${Uo} view=${t} ...${u} />
    <${v} error=${l} />
  </${g}>`}var Je=(t,e)=>{let o=A(t,e.id);return[...J(t)].sort((n,i)=>(i.id===o?.id)-(n.id===o?.id)).map(n=>[n.id,n.display_name])};function Do({session:t,me:e,path:o,ask:n,busy:i}){let{currency:s}=t.rules,l=Je(t,e),[m,p]=f({title:"",amount:"",paid_by:l[0]?.[0]}),$=Nt(m.amount,s),u=m.title.trim()&&$>0&&!i;return r`<form class="form" onSubmit=${async d=>{d.preventDefault(),u&&await n(()=>x(`${o}/expenses`,{title:m.title.trim(),amount:$,paid_by:m.paid_by}))&&p({...m,title:"",amount:""})}} data-testid="expense-form">
    <h3 class="h">${a("money.expense")}</h3>
    <${F} label=${a("money.what")} value=${m.title} maxlength="100" data-testid="expense-title" onInput=${d=>p({...m,title:d.target.value})} />
    <${F} label=${a("money.amount",{currency:s})} inputmode="decimal" value=${m.amount} data-testid="expense-amount" onInput=${d=>p({...m,amount:d.target.value})} />
    <${gt} label=${a("money.paid_by")} value=${m.paid_by} options=${l} onChange=${d=>p({...m,paid_by:d})} />
    <button type="submit" class="big" disabled=${!u} data-testid="expense-add">${a("money.add")}</button>
  </form>`}function No({session:t,me:e,path:o,ask:n,busy:i}){let{table:s,rules:{currency:l}}=t,m=Je(t,e),[p,$]=f({price:"",paid_by:m[0]?.[0],split:"equally"}),u=Nt(p.price,l);if(s&&!s.stopped_at){let d=s.started_at?a("money.clock_since",{time:G(s.started_at)}):a("money.clock_waits");return r`<h3 class="h">${a("money.clock")}</h3>
      <p data-testid="clock">${a("money.per_hour",{price:L(s.price_per_hour,l)})} · ${d}</p>
      ${s.started_at&&U(t,e.id)&&r`<button type="button" class="ghost" data-testid="clock-stop" disabled=${i}
        onClick=${()=>n(()=>x(`${o}/table/stop`))}>${a("money.clock_stop")}</button>`}
      ${!s.started_at&&M(t,e.id)&&r`<button type="button" class="ghost" data-testid="clock-remove" disabled=${i}
        onClick=${()=>n(()=>z(o,{table:null}))}>${a("money.clock_remove")}</button>`}`}return M(t,e.id)?r`<form class="form" onSubmit=${d=>{d.preventDefault(),u>0&&n(()=>z(o,{table:{price_per_hour:u,paid_by:p.paid_by,split:p.split}}))}} data-testid="clock-form">
    <h3 class="h">${a("money.clock")}</h3>
    <${F} label=${a("money.hour_price",{currency:l})} inputmode="decimal" value=${p.price} placeholder=${ae(6e4,l)} data-testid="clock-price"
      onInput=${d=>$({...p,price:d.target.value})} />
    <${gt} label=${a("money.paid_by")} value=${p.paid_by} options=${m} onChange=${d=>$({...p,paid_by:d})} />
    <${gt} label=${a("money.split")} value=${p.split} options=${Fo.map(d=>[d,a(`money.split.${d}`)])} onChange=${d=>$({...p,split:d})} />
    <button type="submit" class="ghost" disabled=${i||!(u>0)} data-testid="clock-start">${a("money.clock_start")}</button>
  </form>`:null}function Uo({view:t,session:e,me:o,path:n,ask:i,busy:s}){let{events:l}=t.state,m=ut(l),p=l.filter(c=>To.has(c.type)).toReversed();if(!p.length)return r`<p class="quiet">${a("money.none")}</p>`;let $=A(e,o.id)?.id,u=({type:c,data:d})=>c==="session.payment_marked"?M(e,o.id)||[d.from,d.to].includes($):U(e,o.id);return r`<ol class="log">${p.map(c=>r`<li key=${c.seq} class=${m.has(c.seq)?"voided":""} data-testid="entry" data-seq=${c.seq}>
    <span class="time">${G(c.timestamp)}</span>
    <span class="line"><b>${Wo(c,e)}</b></span>
    ${m.has(c.seq)?r`<span class="quiet">${a("log.voided")}</span>`:u(c)&&r`<button type="button" class="small" data-testid="entry-undo" disabled=${s}
          onClick=${()=>i(()=>V(`${n}/events/${c.seq}`))}>${a("action.undo")}</button>`}
  </li>`)}</ol>`}function Wo({type:t,data:e},o){let n=L(e.amount,e.currency);if(t==="session.payment_marked")return a("money.paid_line",{from:h(o,e.from),to:h(o,e.to),sum:n});let i=t==="session.table_stopped"?a("money.table_line",{n:e.minutes}):e.title;return a("money.expense_line",{what:i,sum:n,name:h(o,e.paid_by)})}function st({session:t,compact:e}){let[o,n]=f(!e),{code:i}=t;return i==null?null:r`<div class="rows invite">
    <div class="code" data-testid="code" aria-label=${[...i].join(" ")}>${i}</div>
    ${!o&&r`<button type="button" class="text" data-testid="show-qr" onClick=${()=>n(!0)}>${a("invite.show_qr")}</button>`}
    ${o&&r`<${we} title=${t.name} path="/join/${i}" testid="join-link" />`}
  </div>`}function wt({session:t,me:e}){let{ask:o,error:n}=k(),i=A(t,e.id);if(!i?.is_active)return null;let s=async()=>{await o(()=>V(`/api/v1/sessions/${t.id}/participants/${i.id}`).then(()=>!0))&&S("/")};return r`<${P} label=${a("waiting.leave")} question=${a("waiting.leave_ask")} yes=${a("waiting.leave")} testid="leave" onYes=${s} />
    <${v} error=${n} />`}function xt({session:t,me:e}){let[o,n]=f(null),[i,s]=f(null),{ask:l,busy:m,error:p}=k();if(!M(t,e.id)||t.current_game)return null;if(!o)return r`<button type="button" class="text" data-testid="change-rules" onClick=${()=>n(xe(t.rules))}>${a("rules.edit")}</button>`;let $=async()=>{let u=Se(o);s(u.field?{code:`form_${u.field}`}:null),u.rules&&await l(()=>z(`/api/v1/sessions/${t.id}`,{rules:u.rules}))&&n(null)};return r`<${qe} draft=${o} onChange=${n} />
    <${v} error=${i??p} />
    <div class="two"><button type="button" class="ghost" onClick=${()=>n(null)}>${a("action.close")}</button>
      <button type="button" class="big" disabled=${m} data-testid="save-rules" onClick=${$}>${a("rules.save")}</button></div>`}function Ye({session:t,me:e}){return M(t,e.id)?r`<${Ho} session=${t} />`:null}function Ho({session:t}){let{value:e}=Me(),[o,n]=f([]),{ask:i,busy:s,error:l}=k(),m=Oe((e?.friends??[]).map($=>$.user),t);if(!m.length)return null;let p=$=>i(()=>x(`/api/v1/friends/${$.id}/invite`,{session_id:t.id}).then(()=>n([...o,$.id])));return r`<details data-testid="invite-friends"><summary>${a("table.invite_friends")}</summary>
    <${v} error=${l} />
    <div class="rows">${m.map($=>r`<${Gt} key=${$.id} user=${$} testid="invitable">
      ${o.includes($.id)?r`<span class="quiet" role="status">✓ ${a("table.invited")}</span>`:r`<button type="button" class="small" disabled=${s} data-testid="invite-friend" onClick=${()=>p($)}>${a("table.invite")}</button>`}</${Gt}>`)}</div></details>`}function St({session:t,online:e,me:o}){let[n,i]=f(null),{ask:s,busy:l,error:m}=k(),p=A(t,o.id),$=M(t,o.id),u=`/api/v1/sessions/${t.id}/participants`,c=t.participants.filter(d=>d.is_active||d.left_at==null);return r`<h2 class="h">${a("participants.title")} · ${c.filter(d=>d.is_active).length} / ${t.max_players}</h2>
    <div class="rows" data-testid="seats">
      ${c.map(d=>r`<div class="seat" key=${d.id} data-testid="seat">
        <button type="button" class="seat-line" aria-expanded=${$?String(n===d.id):void 0} disabled=${!$||d.id===p?.id}
            onClick=${()=>i(n===d.id?null:d.id)}>
          <${et} name=${d.display_name} index=${t.participants.indexOf(d)} />
          <span class="who"><b class="name" data-testid="seat-name">${d.display_name}</b><small>${Jo(d,p)}</small></span>
          ${Yo(d,e)}
        </button>
        ${n===d.id&&r`<div class="seat-open">
          ${!d.is_guest&&d.role!=="spectator"&&r`<${yt} label=${a("participants.can_score")} value=${d.can_score}
            onChange=${w=>s(()=>z(`${u}/${d.id}`,{can_score:w}))} testid="can-score" />`}
          <${P} label=${a("participants.remove")} question=${a("participants.remove_ask",{name:d.display_name})} yes=${a("participants.remove")} testid="remove-seat"
            onYes=${()=>s(()=>V(`${u}/${d.id}`))} />
        </div>`}
      </div>`)}
      ${$&&r`<${Go} busy=${l} onAdd=${d=>s(()=>x(u,{display_name:d}))} />`}
    </div>
    <${v} error=${m} />
    <${Ye} session=${t} me=${o} />`}function Go({busy:t,onAdd:e}){let[o,n]=f("");return r`<form class="add-guest" onSubmit=${async s=>{s.preventDefault(),o.trim()&&await e(o.trim())&&n("")}}>
    <input aria-label=${a("participants.guest_name")} placeholder=${a("participants.guest_name")} maxlength="64" value=${o} data-testid="guest-name"
      onInput=${s=>n(s.target.value)} />
    <button type="submit" class="small" disabled=${t||!o.trim()} data-testid="guest-add">${a("participants.add")}</button>
  </form>`}function Jo(t,e){let o=[];return t.id===e?.id&&o.push(a("participants.you")),t.role==="creator"&&o.push(a("participants.creator")),t.is_guest&&o.push(a("participants.guest")),t.role==="spectator"&&o.push(a("participants.spectator")),t.is_active?t.can_score&&t.role==="participant"&&!t.is_guest&&o.push(a("participants.scores")):o.push(a("participants.invited")),o.join(" · ")}function Yo(t,e){if(t.is_guest||!t.is_active)return null;let o=e?e.has(t.id):t.is_online;return r`<span class="presence${o?" on":""}" data-testid="presence">${a(o?"participants.online":"participants.offline")}</span>`}function it({rules:t}){let[e,o]=f(!1);return r`<button type="button" class="text" data-testid="save-house-rules" onClick=${()=>o(!0)}>${a("house.save")}</button>
    ${e&&r`<${zo} rules=${t} onClose=${()=>o(!1)} />`}`}function zo({rules:t,onClose:e}){let[o,n]=f({name:"",is_public:!0}),{ask:i,busy:s,error:l}=k(),m=o.name.trim(),p=async $=>{$.preventDefault();let u=m&&await i(()=>x("/api/v1/templates",{name:m,is_public:o.is_public,rules:t}));u&&S(`/rules/${u.id}`)};return r`<${g} title=${a("house.title")} onClose=${e} testid="house-rules">
    <form class="form" onSubmit=${p}>
      <${F} label=${a("house.name")} placeholder=${a("house.name_example")} maxlength="100" value=${o.name} data-testid="house-name" onInput=${$=>n({...o,name:$.target.value})} />
      <${yt} label=${a("house.public")} hint=${a("house.public_hint")} value=${o.is_public} testid="house-public" onChange=${$=>n({...o,is_public:$})} />
      <${v} error=${l} />
      <button type="submit" class="big" disabled=${s||!m} data-testid="house-save">${a("action.save")}</button>
    </form>
    <${Ce} rules=${t} />
  </${g}>`}function Ko(t,e,o){return t==="overlay"?`/overlay/${e}`:`/board/${e}${o?`#${o}`:""}`}function Ct({session:t}){return r`<${je} session=${t} /><${ze} kind="board" session=${t} testid="share-board" /><${ze} kind="overlay" session=${t} testid="share-overlay" />`}function ze({kind:t,session:e,testid:o}){let[n,i]=f(null),{ask:s,busy:l,error:m}=k(),p=ke();if(n){let u=Ko(t,n.code,e.code);return r`<div class="rows board-link"><a href=${u} target="_blank" rel="noopener" data-testid=${t==="board"?"board-link":"overlay-link"}>${a(`${t}.open`)}</a>
      <p class="quiet link">${(p??location.origin)+u}</p>${t==="overlay"&&r`<p class="quiet center">${a("overlay.hint")}</p>`}</div>`}return r`<button type="button" class="ghost" disabled=${l} data-testid=${o} onClick=${async()=>i(await s(()=>x(`/api/v1/sessions/${e.id}/share`,{kind:t}))??null)}>${a(`${t}.share`)}</button>
    <${v} error=${m} />`}function Ke({session:t,selectedName:e,canMark:o,onFoul:n,onSend:i,onLog:s,onMoney:l,onPeople:m,onKeys:p,onEnd:$,onCancel:u,onClose:c}){let{foulWeights:d,More:w}=B(t.rules),y=d(t.rules);return r`<${g} title=${a("more.title")} onClose=${c} testid="more">
    ${o&&y.length>0&&r`<h3 class="h">${a("more.foul_points",{name:e})}</h3>
      <div class="points-pick">${y.map(q=>r`<button type="button" class="small" data-testid="foul-${q}" onClick=${()=>n(q)}>−${q}</button>`)}</div>`}
    ${o&&w&&r`<${w} game=${t.current_game} name=${e} send=${i} />`}
    <button type="button" class="ghost" data-testid="open-log" onClick=${s}>${a("log.title")}</button>
    <button type="button" class="ghost" data-testid="open-money" onClick=${l}>${a("money.title")}</button>
    <button type="button" class="ghost" data-testid="open-people" onClick=${m}>${a("people.title")}</button>
    <button type="button" class="ghost with-keyboard" data-testid="open-keys" onClick=${p}>${a("keys.title")} <kbd>?</kbd></button>
    <${Ee} />
    <${Le} />
    ${o&&r`
      <${P} label=${a("more.end")} question=${a("more.end_ask")} yes=${a("more.end")} onYes=${$} testid="end-game" danger=${!1} />
      <${P} label=${a("more.cancel")} question=${a("more.cancel_ask")} yes=${a("more.cancel")} onYes=${u} testid="cancel-game" />`}
  </${g}>`}function qt({session:t,online:e,me:o,onClose:n}){return r`<${g} title=${a("people.title")} onClose=${n} testid="people">
    <${st} session=${t} />
    <${St} session=${t} online=${e} me=${o} />
    <h2 class="h">${a("rules.title")}</h2>
    <${vt} rules=${t.rules} />
    <${xt} session=${t} me=${o} />
    <${it} rules=${t.rules} />
    <${Ct} session=${t} />
    ${!M(t,o.id)&&r`<${wt} session=${t} me=${o} />`}
  </${g}>`}function Vo({sheet:t,open:e,view:o,session:n,me:i,marks:s,selected:l,acts:m,scores:p}){let $=()=>e(null),u=c=>(...d)=>{c(...d),$()};if(t?.mark)return r`<${Ge} event=${t.mark} order=${n.current_game.order} session=${n} me=${i} onCommand=${m.command} onClose=${$} />`;switch(t){case"more":return r`<${Ke} session=${n} selectedName=${h(n,l)} canMark=${p} onClose=${$}
      onFoul=${u(c=>m.foul({points:c}))} onSend=${u(m.send)}
      onLog=${()=>e("log")} onMoney=${()=>e("money")} onPeople=${()=>e("people")} onKeys=${()=>e("keys")}
      onEnd=${u(()=>m.command({type:"end_game"}))} onCancel=${u(()=>m.command({type:"cancel_game"}))} />`;case"money":return r`<${rt} view=${o} session=${n} me=${i} onClose=${$} />`;case"people":return r`<${qt} session=${n} online=${o.online} me=${i} onClose=${$} />`;case"log":return r`<${nt} view=${o} pending=${s.pending} canUndo=${p} onCommand=${m.command} onClose=${$} />`;case"keys":return r`<${Re} rules=${n.rules} onClose=${$} />`;default:return null}}function Zo({purpose:t,title:e,code:o=""}){let[n,i]=f(""),[s,l]=f(o),{ask:m,busy:p,error:$}=k(),u=t!=="start",c=n.trim()&&(!u||s.length===6),d=y=>m(async()=>{let{user:q}=await Xt({display_name:n.trim()});u&&S(await Qo(s,y),{replace:!0}),he(q)}),w=y=>{y.preventDefault(),c&&d("participant")};return r`<main class="page" data-testid="enter-view">
    <${E} title=${e??a(u?"join.title":"lobby.new")} back="/" />
    <form class="sheet form" onSubmit=${w}>
      ${t==="session"&&r`<p class="note" data-testid="session-link">${a("enter.by_session_link")}</p>`}
      ${o?r`<div class="rows"><div class="code" data-testid="code" aria-label=${a("enter.table",{code:[...o].join(" ")})}>${o}</div>
          <button type="button" class="text" data-testid="other-code" onClick=${()=>S("/join",{replace:!0})}>${a("enter.other_code")}</button></div>`:u&&r`<${kt} value=${s} label=${a("join.code")} hint=${a("join.code_hint")} onChange=${y=>l(_t(y))} />`}
      <${F} label=${a("enter.name")} hint=${a("enter.name_hint")} required maxlength="64" autocomplete="nickname" autofocus=${!!o||!u}
        enterkeyhint="go" value=${n} data-testid="guest-display-name" onInput=${y=>i(y.target.value)} />
      <${v} error=${$} />
      <button type="submit" class="big" disabled=${p||!c} data-testid="enter">${a(u?"enter.join":"enter.start")}</button>
      ${u&&r`<button type="button" class="ghost" disabled=${p||!c} data-testid="enter-spectator" onClick=${()=>d("spectator")}>${a("join.spectator")}</button>`}
      <div class="grow"></div>
      <button type="button" class="text" data-testid="have-account" onClick=${()=>S(`/signin?to=${encodeURIComponent(location.pathname)}`)}>${a("enter.have_account")}</button>
    </form>
  </main>`}async function Qo(t,e){try{return`/s/${(await x("/api/v1/sessions/join",{code:t,role:e})).session.id}`}catch{return`/join/${t}`}}function Ot(t){let e=[...new Set(t.participants.flatMap(o=>o.games.map(n=>n.number)))].sort((o,n)=>o-n);return t.participants.map((o,n)=>{let i=0,s=[0,...e.map(l=>i+=o.games.find(m=>m.number===l)?.net??0)];return{id:o.participant_id,index:n,points:s,played:o.games.length>0}}).filter(o=>o.played)}function Mt(t,e=4){let o=Math.min(0,...t),n=Math.max(0,...t),i=Math.max(1,(n-o)/e),s=10**Math.floor(Math.log10(i)),l=[1,2,5,10].find(p=>p*s>=i)*s,m=[];for(let p=Math.floor(o/l)*l;p<n+l;p+=l)m.push(p);return m.length>1?m:[...m,l]}function Ve(t,e,o){let n=[...t].sort((s,l)=>s.y-l.y);for(let s=1;s<n.length;s+=1)n[s]={...n[s],y:Math.max(n[s].y,n[s-1].y+e)};let i=Math.max(0,(n.at(-1)?.y??0)-o);return n.map(s=>({...s,y:s.y-i}))}var Xe=340,Ze=240,Xo=16,Jt=220,Yt=Xe-22,Qe=28,ct=["","6 4","2 4","10 4 2 4","","6 4","2 4","10 4 2 4","","6 4"];function jt({balance:t,session:e}){let[o,n]=f(null),i=Ot(t).sort((c,d)=>d.points.at(-1)-c.points.at(-1));if(!i.length)return null;let s=Mt(i.flatMap(c=>c.points)),l=i[0].points.length-1,m=c=>Qe+c*(Yt-8-Qe)/l,p=c=>Jt-(c-s[0])*(Jt-Xo)/(s.at(-1)-s[0]),$=c=>`line-${c.index%ct.length}${o&&o!==c.id?" dim":""}`,u=i.map(c=>`${h(e,c.id)} ${_(c.points.at(-1),t.currency)}`).join(", ");return r`<figure class="chart"><svg viewBox="0 0 ${Xe} ${Ze}" role="img" aria-label="${a("evening.chart")}: ${u}" data-testid="chart">
      ${s.map(c=>r`<path class="axis${c?" dashed":""}" d="M0 ${p(c)}H${Yt}" /><text class="amount" x="1" y=${p(c)-3}>${_(c,t.currency)}</text>`)}
      ${ta(l).map(c=>r`<text class="amount" text-anchor="middle" x=${m(c)} y=${Ze-4}>${c}</text>`)}
      ${[...i].sort((c,d)=>(c.id===o)-(d.id===o)).map(c=>r`<path class="line ${$(c)}" stroke-dasharray=${ct[c.index%ct.length]}
        d=${c.points.map((d,w)=>`${w?"L":"M"}${m(w).toFixed(1)} ${p(d).toFixed(1)}`).join("")} />`)}
      ${Ve(i.map((c,d)=>({line:c,at:d,y:p(c.points.at(-1))})),14,Jt).map(({line:c,at:d,y:w})=>r`<text class="letter ${$(c)}" x=${Yt-2} y=${w+4}>${d+1}</text>`)}
    </svg>
    <figcaption class="legend">${i.map((c,d)=>r`<button type="button" key=${c.id} aria-pressed=${o===c.id} class=${$(c)} data-testid="chart-player" onClick=${()=>n(o===c.id?null:c.id)}>
      <svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true"><path class="line ${$(c)}" stroke-dasharray=${ct[c.index%ct.length]} d="M2 4H24" /></svg>
      <i>${d+1}</i><span class="name">${h(e,c.id)}</span><b class="m ${C(c.points.at(-1))}">${_(c.points.at(-1),t.currency)}</b></button>`)}</figcaption>
  </figure>`}function ta(t){let e=Math.ceil(t/8);return Array.from({length:t},(o,n)=>n+1).filter(o=>o%e===0)}function to(t,{afterEvening:e=!1}={}){let o=e?t.find(l=>l.type==="session.completed")?.seq??1/0:0,n=new Map(t.filter(l=>l.type==="game.started").map(l=>[l.game_id,l.data.number])),i=new Map,s=new Map;for(let{seq:l,type:m,game_id:p,data:$={}}of t){let u=$.correction?.results??$.results;u&&(m==="game.ended"?s.delete(p):l>o&&i.has(p)&&!s.has(p)&&s.set(p,i.get(p)),i.set(p,new Map(u.map(c=>[c.participant_id,c.net]))))}return[...s].map(([l,m])=>({game_id:l,number:n.get(l),changes:ea(m,i.get(l))})).filter(l=>l.changes.length)}function ea(t,e){return[...e].filter(([o,n])=>n!==(t.get(o)??0)).map(([o,n])=>({participant_id:o,before:t.get(o)??0,after:n}))}function zt(t,e,o=""){let n=l=>e.participants.find(m=>m.id===l)?.display_name??"?",i=o.trim().toLocaleLowerCase(),s=l=>n(l).toLocaleLowerCase().includes(i);return t.filter(l=>l.status==="completed"&&l.results).sort((l,m)=>m.number-l.number).map(l=>{let m=l.results.filter($=>$.place===1),p=i?l.results.filter($=>s($.participant_id)):[];return{game:l,winners:m.map($=>n($.participant_id)),net:m[0]?.net??0,found:p.length===1?{...p[0],name:n(p[0].participant_id)}:null,matches:!i||p.length>0}}).filter(l=>l.matches)}function eo(t,e){let o=[],n=se;for(let i of t){if(n=ie(n,i),n.stale)return[];if(i.game_id!==e)continue;let s=n.session?.current_game?.id===e?n.session.current_game:n.games.find(l=>l.id===e);s&&o.push({event:i,game:s})}return o}function oo(t,e){return Date.parse(t[e].event.timestamp)-Date.parse(t[0].event.timestamp)}function ao({game:t}){return t.results&&t.status!=="in_progress"?t.scores.map(e=>({...e,...t.results.find(o=>o.participant_id===e.participant_id)})):t.scores}var oa=900;function no({view:t,session:e,game:o,onClose:n}){let{events:i}=t.state,s=oe(()=>eo(i,o.id),[i,o.id]),[l,m]=f(0),[p,$]=f(!1),u=s.length-1;N(()=>{if(!p)return;if(l>=u)return void $(!1);let d=setTimeout(()=>m(l+1),oa);return()=>clearTimeout(d)},[p,l,u]);let c=d=>{$(!1),m(Math.max(0,Math.min(u,d)))};return r`<${g} title=${a("replay.title",{n:o.number})} onClose=${n} testid="replay" tall>
    ${s.length===0?r`<p class="quiet">${a(t.logComplete?"replay.none":"state.loading")}</p>`:r`<${aa} frames=${s} at=${l} session=${e} />
        <label class="scrub"><span class="hidden">${a("replay.moment")}</span>
          <input type="range" min="0" max=${u} value=${l} aria-valuetext=${a("replay.of",{n:l,all:u})} data-testid="replay-scrub" onInput=${d=>c(Number(d.target.value))} /></label>
        <div class="replay-buttons">
          <button type="button" class="small" disabled=${l===0} aria-label=${a("replay.back")} data-testid="replay-back" onClick=${()=>c(l-1)}><${T} name="back" /></button>
          <button type="button" class="big" data-testid="replay-play" onClick=${()=>{l>=u&&m(0),$(!p)}}>${a(p?"replay.pause":"replay.play")}</button>
          <button type="button" class="small" disabled=${l===u} aria-label=${a("replay.on")} data-testid="replay-on" onClick=${()=>c(l+1)}><${T} name="on" /></button>
        </div>`}
  </${g}>`}function aa({frames:t,at:e,session:o}){let n=t[e],{event:i,game:s}=n,l=t.slice(0,e+1).map(p=>p.event),m=me(l,s.id);return r`<p class="replay-mark" aria-live="polite" data-testid="replay-mark"><time>${Q(oo(t,e)/1e3)}</time>
      ${X(i)?r`<${ot} event=${i} session=${o} />`:r`<b>${a(`event.${i.type}`,{n:s.number,name:h(o,i.data.participant_id)})}</b>`}
      <span class="quiet">${a("replay.of",{n:e,all:t.length-1})}</span></p>
    <div class="rows replay-rows">${ao(n).map(p=>r`<div class="row replay-row${p.participant_id===s.current_participant_id&&s.status==="in_progress"?" turn":""}" key=${p.participant_id} data-testid="replay-row">
      <span class="who"><b class="name">${h(o,p.participant_id)}</b>
        <span class="sub">${(m.get(p.participant_id)??[]).slice(-12).map($=>r`<${bt} color=${$.color} own=${$.own} />`)}</span></span>
      <b class="pts" data-testid="replay-points">${String(p.points).replace("-","−")}</b>
      <span class="m ${C(p.net)}">${_(p.net,o.rules.currency)}</span>
    </div>`)}</div>`}function Et({game:t,session:e,testid:o="result"}){return r`<div class="rows" data-testid="${o}s">
    ${t.results.map(n=>r`<div class="row" data-testid=${o} data-participant=${n.participant_id}>
      <span class="n">${n.place}</span><b><span class="name one-line" title=${h(e,n.participant_id)}>${h(e,n.participant_id)}</span></b>
      <span class="p">${a("points.short",{n:n.points})}</span>
      <span class="m ${C(n.net)}" data-testid="${o}-net">${_(n.net,e.rules.currency)}</span>
    </div>`)}
  </div>`}function Lt({game:t,session:e,onClose:o}){let n=e.rules.currency;return r`<${g} title=${a("why.title")} onClose=${o} testid="why">
    <p class="quiet">${a(`why.${B(e.rules).why(e.rules)}`)}</p>
    ${t.results.map(s=>r`<section class="why-one">
      <h3><span class="name">${h(e,s.participant_id)}</span><span class="m ${C(s.net)}">${_(s.net,n)}</span></h3>
      ${i(s).map(l=>r`<p>${l}</p>`)}
    </section>`)}
  </${g}>`;function i(s){let l=B(e.rules).ring(t,e.rules,s.participant_id);if(!l)return[a("why.sum",{earned:L(s.earned,n),paid:L(s.paid,n)})];let m=L(e.rules[B(e.rules).priceField],n);return[a("why.earned",{n:l.points,price:m,sum:_(l.earned,n),name:h(e,l.previous)}),a("why.paid",{n:l.nextPoints,price:m,sum:_(-l.paid,n),name:h(e,l.next)})]}}var na=4;function Rt({view:t,session:e}){let[o,n]=f(""),[i,s]=f(null),l=zt(t.state.games,e);if(!l.length)return null;let m=o?zt(t.state.games,e,o):l,p=()=>s(null);return r`<h2 class="h">${a("games.title")} · ${l.length}</h2>
    ${l.length>=na&&r`<${F} label=${a("games.search")} type="search" maxlength="64" value=${o} data-testid="games-search" onInput=${$=>n($.target.value)} />`}
    ${m.length===0&&r`<p class="quiet" data-testid="games-none">${a("games.none")}</p>`}
    <div class="games">${m.map($=>r`<${ra} key=${$.game.id} line=${$} session=${e} onOpen=${u=>s({kind:u,game:$.game})} />`)}</div>
    ${i?.kind==="replay"&&r`<${no} view=${t} session=${e} game=${i.game} onClose=${p} />`}
    ${i?.kind==="why"&&r`<${Lt} game=${i.game} session=${e} onClose=${p} />`}`}function ra({line:t,session:e,onOpen:o}){let{game:n,winners:i,net:s,found:l}=t,{currency:m}=e.rules;return r`<details class="rows one-game" data-testid="game-line">
    <summary><span class="who"><b class="name one-line">${a("game.number",{n:n.number})} · ${i.join(", ")}</b>
      <span class="sub">${l?a("games.place",{name:l.name,n:l.place}):Q(n.duration_seconds??0)}</span></span>
      <span class="m ${C(l?.net??s)}">${_(l?.net??s,m)}</span></summary>
    <${Et} game=${n} session=${e} testid="past-result" />
    <div class="two"><button type="button" class="ghost" data-testid="game-why" onClick=${()=>o("why")}>${a("why.title")}</button>
      <button type="button" class="ghost" data-testid="game-replay" onClick=${()=>o("replay")}>${a("replay.open")}</button></div>
  </details>`}function At({events:t,session:e}){let o=e.status==="completed",n=to(t,{afterEvening:o}),i=o?$e(t).length:n.length;if(!i)return null;let{currency:s}=e.rules;return r`<details class="note late" data-testid="late"><summary><span role="status">${a(o?"evening.late":"late.games",{n:i})}</span></summary>
    ${n.map(l=>r`<p key=${l.game_id} data-testid="late-game"><b>${a("game.number",{n:l.number})}</b>
      ${l.changes.map(m=>r`<span class="late-line"><span class="name">${h(e,m.participant_id)}</span><span class="m">${_(m.before,s)} → <b>${_(m.after,s)}</b></span></span>`)}</p>`)}
    ${o&&i>n.length&&r`<p class="quiet">${a("late.log")}</p>`}
  </details>`}function Pt({session:t,participantId:e,onClose:o}){let[n,i]=f(null),[s,l]=f(null);N(()=>{Y(`/api/v1/sessions/${t.id}/participants/${e}/ledger`).then(i,l)},[e,t.seq]);let{currency:m}=t.rules;return r`<${g} title=${a("ledger.title",{name:h(t,e)})} onClose=${o} testid="ledger">
    <${v} error=${s} />
    ${!n&&!s&&r`<p class="quiet">${a("state.loading")}</p>`}
    ${n&&r`<p class="m ${C(n.balance)}" data-testid="ledger-balance">${a("ledger.sum",{sum:_(n.balance,m)})}</p>
      ${n.lines.length===0&&r`<p class="quiet">${a("ledger.none")}</p>`}
      <ol class="log">${n.lines.map((p,$)=>r`<li key=${$} data-testid="ledger-line">
        <span class="time">${G(p.at)}</span>
        <span class="line"><b>${sa(p)}</b><small>${h(t,p.counterpart_id)}${ia(p,m)}</small></span>
        <span class="m ${C(p.amount)}">${_(p.amount,m)}</span>
      </li>`)}</ol>`}
  </${g}>`}function sa({kind:t,text:e}){return t==="game"&&Ut(`color.${e}`)?a(`color.${e}`):Ut(`ledger.${e}`)?a(`ledger.${e}`):e}function ia({points:t,price:e},o){return t==null?"":` · ${String(t).replace("-","−")} × ${L(e,o)}`}var ro=t=>t.user_id??`name:${t.display_name}`;function so(t,e,o){let n=t.participants.filter(s=>s.role!=="spectator"&&(s.is_active||s.games_played>0)),i=new Map(t.participants.map(s=>[s.id,s]));return{body:{name:t.name,rules:t.rules,is_private:t.is_private,max_players:t.max_players},people:n.filter(s=>s.user_id!==o).map(s=>({name:s.display_name,seat:s.user_id?{user_id:s.user_id}:{display_name:s.display_name}})),order:(e?.order??[]).map(s=>i.get(s)).filter(Boolean).map(ro)}}function la(t,e){let o=n=>{let i=e.indexOf(ro(n));return i<0?e.length:i};return t.participants.toSorted((n,i)=>o(n)-o(i)).map(n=>n.id)}var io=t=>`artel.order.${t}`;function lo(t,e){try{localStorage.setItem(io(t),JSON.stringify(e))}catch{}}function mo(t){try{let e=JSON.parse(localStorage.getItem(io(t.id)));return Array.isArray(e)&&e.length?la(t,e):null}catch{return null}}function po({view:t,session:e,me:o}){let[n,i]=f(null),{ask:s,error:l}=k(),m=so(e,ce(t.state),o.id),p=()=>s(async()=>{let u=await x("/api/v1/sessions",m.body);lo(u.id,m.order);let c=await ma(u.id,m.people);c.length?i({id:u.id,names:c.join(", ")}):S(`/s/${u.id}`)});if(n)return r`<div class="note" role="status"><p>${a("repeat.missing",{names:n.names})}</p>
      <button type="button" class="big" data-testid="repeat-open" onClick=${()=>S(`/s/${n.id}`)}>${a("repeat.open")}</button></div>`;let $=m.people.map(u=>u.name).join(", ");return r`<${P} label=${a("repeat.title")} question=${$?a("repeat.ask",{names:$}):a("repeat.ask_alone")} yes=${a("repeat.yes")} danger=${!1} testid="repeat" onYes=${p} />
    <${v} error=${l} />`}async function ma(t,e){let o=[];for(let{name:n,seat:i}of e)try{await x(`/api/v1/sessions/${t}/participants`,i)}catch{o.push(n)}return o}function co({balance:t,session:e}){let[o,n]=f(null),i=pa(t,e),s={shared:"settlement.shared",copied:"settlement.sent"}[o]??"settlement.share";return r`<button type="button" class="text" data-testid="share-result" onClick=${async()=>n(await ge({text:i}))}>${a(s)}</button><span class="hidden" role="status">${o==="shared"||o==="copied"?a(s):""}</span>
    ${o==="failed"&&r`<${_e} text=${i} />`}`}function pa(t,e){let o=t.participants.filter(n=>n.games.length>0).sort((n,i)=>i.net-n.net);return[e.name,...o.map(n=>`${h(e,n.participant_id)}: ${_(n.net,t.currency)}`),"",...t.settlement.map(n=>`${h(e,n.from)} → ${h(e,n.to)}: ${L(n.amount,t.currency)}`)].join(`
`).trim()}function Kt(t,e){let o=document.createElement("a");o.href=URL.createObjectURL(t),o.download=e,o.click(),setTimeout(()=>URL.revokeObjectURL(o.href),1e4)}async function $o(t,e,o){let n=new File([t],e,{type:t.type});if(!navigator.canShare?.({files:[n]}))return Kt(t,e)??!0;try{return await navigator.share({files:[n],title:o}),!0}catch(i){return i.name==="AbortError"?!1:Kt(t,e)??!0}}async function uo(t){let e=await fetch(`/api/v1/sessions/${t.id}/export?format=csv`,{headers:{authorization:`Bearer ${await te()}`,accept:"text/csv"}}).catch(()=>{throw new Dt(0,"network")});if(!e.ok)throw new Dt(e.status,(await e.json().catch(()=>null))?.code??"unknown");return Kt(new Blob(["\uFEFF",await e.text()],{type:"text/csv;charset=utf-8"}),Vt(t,"csv")),!0}function Vt(t,e){let o=(t.completed_at??t.created_at).slice(0,10);return`${t.name.replace(/[^\p{L}\p{N} _-]/gu,"").trim().slice(0,60)||"artel"} ${o}.${e}`}var I=1080,j=72,dt=76,Bt=300,fo=[[],[18,12],[6,12],[30,12,6,12]],ho=["--go","--chalk","--warn","--tint-3","--text","--lose","--muted","--tint-6","--tint-7","--tint-4"];function ca(t,e){let{currency:o,settlement:n}=t,i=tt(t).sort((s,l)=>l.net-s.net);return{title:e.name,sub:[Z(e.completed_at??e.created_at),a(`game.${e.rules.game_type}`),a("games",{n:e.games_played})].join(" · "),rows:i.map(s=>({id:s.participant_id,name:h(e,s.participant_id),sum:_(s.net,o),trend:C(s.net)})),pays:n.map(s=>({from:h(e,s.from),to:h(e,s.to),sum:L(s.amount,o)})),lines:Ot(t),amount:s=>_(s,o)}}function bo(t){let e=t.pays.length?90+t.pays.length*60:0;return 250+t.rows.length*dt+(t.lines.length?Bt+60:0)+e+90}async function go(t,e){await Promise.all(["600 40px Inter","800 64px Inter"].map(i=>document.fonts.load(i,"Aя₽−"))).catch(()=>{});let o=document.createElement("canvas"),n=ca(t,e);return Object.assign(o,{width:I,height:bo(n)}),da(o.getContext("2d"),n),new Promise((i,s)=>o.toBlob(l=>l?i(l):s(new Error("no picture")),"image/png"))}function da(t,e){let o=getComputedStyle(document.documentElement),n={ctx:t,color:s=>o.getPropertyValue(s).trim()||o.getPropertyValue("--text").trim()};$a(n,bo(e)),D(n,e.title,j,130,{font:"800 64px",room:I-2*j}),D(n,e.sub,j,184,{font:"500 34px",color:"--muted",room:I-2*j});let i=ua(n,e,230);e.lines.length&&(i=ha(n,e,i+30)),e.pays.length&&(i=fa(n,e.pays,i+30)),D(n,"Artel",I-j,i+66,{font:"600 28px",color:"--muted",align:"right"})}function $a({ctx:t,color:e},o){let n=t.createRadialGradient(I/2,0,0,I/2,0,I);n.addColorStop(0,e("--felt-2")),n.addColorStop(1,e("--felt")),t.fillStyle=n,t.fillRect(0,0,I,o)}function ua(t,{rows:e,lines:o},n){return e.forEach((i,s)=>{let l=n+s*dt;Zt(t,l);let m=o.find(p=>p.id===i.id);m&&yo(t,m,[[j,l+dt/2],[j+44,l+dt/2]]),D(t,i.name,j+64,l+52,{font:"600 40px",room:I-2*j-370}),D(t,i.sum,I-j,l+53,{font:"800 44px",color:{up:"--go",down:"--lose",even:"--muted"}[i.trend],align:"right"})}),n+e.length*dt}function fa(t,e,o){return D(t,a("settlement.title"),j,o+44,{font:"600 32px",color:"--muted"}),e.forEach((n,i)=>{let s=o+70+i*60;Zt(t,s),D(t,n.from,j,s+42,{font:"600 34px",room:290}),D(t,"→",j+320,s+42,{font:"600 34px",color:"--muted"}),D(t,n.to,j+380,s+42,{font:"600 34px",room:300}),D(t,n.sum,I-j,s+42,{font:"700 36px",align:"right"})}),o+70+e.length*60}function ha(t,{lines:e,amount:o},n){let i=Mt(e.flatMap(p=>p.points)),s=e[0].points.length-1,l=p=>j+p*(I-2*j)/s,m=p=>n+Bt-(p-i[0])*Bt/(i.at(-1)-i[0]);for(let p of i)Zt(t,m(p)),D(t,o(p),j,m(p)-8,{font:"500 24px",color:"--muted"});for(let p of e)yo(t,p,p.points.map(($,u)=>[l(u),m($)]));return n+Bt}function yo({ctx:t,color:e},{index:o},n){t.strokeStyle=e(ho[o%ho.length]),t.lineWidth=7,t.lineJoin="round",t.setLineDash(fo[o%fo.length]),t.beginPath(),n.forEach(([i,s],l)=>l?t.lineTo(i,s):t.moveTo(i,s)),t.stroke(),t.setLineDash([])}function Zt({ctx:t,color:e},o){t.fillStyle=e("--line"),t.fillRect(j,o,I-2*j,2)}function D({ctx:t,color:e},o,n,i,{font:s,color:l="--text",align:m="left",room:p=1/0}){t.font=`${s} Inter, system-ui, sans-serif`,t.fillStyle=e(l),t.textAlign=m,t.fillText(ba(o,p,$=>t.measureText($).width),n,i)}function ba(t,e,o){if(o(t)<=e)return t;let n=[...t];for(;n.length>1&&o(`${n.join("")}…`)>e;)n.pop();return`${n.join("").trimEnd()}…`}function vo({balance:t,session:e}){let{ask:o,busy:n,error:i}=k();return r`<div class="two take-away">
      <button type="button" class="ghost" disabled=${n} data-testid="share-picture" onClick=${()=>o(async()=>$o(await go(t,e),Vt(e,"png"),e.name))}>${a("take.picture")}</button>
      <button type="button" class="ghost" disabled=${n} data-testid="save-csv" onClick=${()=>o(()=>uo(e))}>${a("take.csv")}</button>
    </div><${v} error=${i} />`}function It({balance:t,session:e,me:o}){let{settlement:n,currency:i}=t,{busy:s,error:l,ask:m}=k(),p=A(e,o?.id)?.id,$=c=>o&&(M(e,o.id)||[c.from,c.to].includes(p)),u=c=>m(()=>x(`/api/v1/sessions/${e.id}/payments`,c));return r`<h2 class="h">${a("settlement.title")} · ${a("settlement.transfers",{n:n.length})}</h2>
    ${n.length?r`<div class="rows" data-testid="settlement">
      ${n.map(c=>r`<div class="pay" data-testid="transfer" data-amount=${c.amount}>
        <span class="name one-line" title=${h(e,c.from)}>${h(e,c.from)}</span><i><${T} name="arrow" size=${18} /><span class="hidden">${a("settlement.pays")}</span></i>
        <span class="name one-line" title=${h(e,c.to)}>${h(e,c.to)}</span><span class="m">${L(c.amount,i)}</span>
        ${$(c)&&r`<button type="button" class="small paid" disabled=${s} data-testid="paid" onClick=${()=>u(c)}>${a("settlement.paid")}</button>`}
      </div>`)}
    </div>`:r`<p class="quiet">${a("settlement.none")}</p>`}
    <${v} error=${l} />
    <${co} balance=${t} session=${e} />
    <${vo} balance=${t} session=${e} />`}function Tt({balance:t,session:e,onWhy:o}){let n=tt(t);return n.length>0&&r`<h2 class="h">${a("ledger.why")}</h2>
    <div class="rows">${n.map(({participant_id:i,net:s})=>r`<button type="button" class="row" key=${i} data-testid="ledger-button" data-participant=${i} onClick=${()=>o(i)}>
      <b class="name">${h(e,i)}</b><span class="m ${C(s)}">${_(s,t.currency)}</span></button>`)}</div>`}function ga({view:t,session:e,me:o,chat:n}){let[i,s]=f(!1),[l,m]=f(null),p=ft(H(ht).filter(d=>d.session_id===e.id),t.state.events),$=e.status==="completed",u=t.state.games.filter(d=>d.status==="completed"&&d.results),c=[a($?"evening.completed":"lobby.cancelled"),Z(e.completed_at??e.created_at),a("games",{n:e.games_played})];return r`<main class="page" data-testid="evening">
    <${E} title=${e.name} sub=${c.join(" · ")} back="/">
      ${n}<${mt} icon="log" label=${a("log.title")} onClick=${()=>s(!0)} testid="log-button" /></${E}>
    <${W} />
    <div class="sheet">
      <${At} events=${t.state.events} session=${e} />
      <${ya} session=${e} />
      ${t.balance&&u.length>0&&r`<h2 class="h">${a("evening.chart")}</h2>
        <${jt} balance=${t.balance} session=${e} />`}
      ${t.balance&&tt(t.balance).length>0&&r`<${It} balance=${t.balance} session=${e} me=${o} />`}
      ${$&&t.balance&&r`<${Tt} balance=${t.balance} session=${e} onWhy=${d=>m({ledger:d})} />
        <button type="button" class="ghost" data-testid="money-button" onClick=${()=>m("money")}>${a("money.title")}</button>`}
      <${Rt} view=${t} session=${e} />
      <${po} view=${t} session=${e} me=${o} />
      <${it} rules=${e.rules} />
    </div>
    ${l==="money"&&r`<${rt} view=${t} session=${e} me=${o} onClose=${()=>m(null)} />`}
    ${l?.ledger&&r`<${Pt} session=${e} participantId=${l.ledger} onClose=${()=>m(null)} />`}
    ${i&&r`<${nt} view=${t} pending=${p} canUndo=${$&&U(e,o.id)}
      onCommand=${d=>K(e.id,d)} onClose=${()=>s(!1)} />`}
  </main>`}function ya({session:t}){let e=t.participants.filter(o=>o.role!=="spectator"&&(o.games_played>0||o.balance!==0)).sort((o,n)=>n.balance-o.balance);return e.length?r`<div class="rows" data-testid="balances">
    ${e.map((o,n)=>r`<div class="row" key=${o.id} data-testid="balance" data-participant=${o.id}>
      <span class="n">${n+1}</span><b><span class="name one-line" title=${o.display_name}>${o.display_name}</span></b>
      <span class="p">${a("games",{n:o.games_played})}</span>
      <span class="m ${C(o.balance)}">${_(o.balance,t.rules.currency)}</span>
    </div>`)}
  </div>`:r`<p class="quiet">${a("evening.no_games")}</p>`}function va({code:t,invited:e,me:o}){let[n,i]=f(0),s=e?`/api/v1/sessions/${e}/preview`:`/api/v1/sessions/by-code/${encodeURIComponent(t)}`,{value:l,error:m}=pt(()=>t||e?Y(s):Promise.resolve(null),[s,n]),p=!l&&!m&&!!(t||e);return r`<main class="page" data-testid="join">
    <${E} title=${a("join.title")} back="/" />
    <${W} />
    <div class="sheet form">
      ${(t||l)&&r`<div class="rows${t?"":" padded"}">${t&&r`<div class="code" aria-label=${a("enter.table",{code:[...t].join(" ")})}>${t}</div>`}
        ${p&&r`<p class="quiet center">${a("state.loading")}</p>`}
        ${l&&r`<p class="quiet center">${a("join.about",{name:l.name,creator:l.creator_display_name})}</p>
          <p class="quiet center">${a(`game.${l.game_type}`)} · ${l.participants_count} / ${l.max_players}</p>`}</div>`}
      ${m&&(m.code==="not_found"&&t?r`<p class="problem" role="alert" data-testid="no-table">${a("join.no_table")}</p>`:r`<${v} error=${m} />`)}
      ${m&&m.code!=="not_found"&&r`<button type="button" class="ghost" data-testid="retry" onClick=${()=>i(n+1)}>${a("join.retry")}</button>`}
      ${!l&&!p&&r`<${at} />`}
      ${l&&r`<${_a} table=${l} by=${e?{session_id:e}:{code:t}} me=${o} />`}
    </div>
  </main>`}function _a({table:t,by:e,me:o}){let[n,i]=f(o.display_name||o.username),{ask:s,busy:l,error:m}=k(),p=async u=>{let c=await s(()=>x("/api/v1/sessions/join",{...e,role:u,...n.trim()&&{display_name:n.trim()}}));c&&S(`/s/${c.session.id}`,{replace:!0})};return r`<form class="sheet-form form" onSubmit=${u=>{u.preventDefault(),p("participant")}}>
    ${t.status==="in_progress"&&r`<p class="note" data-testid="join-running">${a("join.running")}</p>`}
    <${F} label=${a("join.as")} maxlength="64" enterkeyhint="go" value=${n} data-testid="join-name" onInput=${u=>i(u.target.value)} />
    <${v} error=${m} />
    <button type="submit" class="big" disabled=${l} data-testid="join-player">${a("join.player")}</button>
    <button type="button" class="ghost" disabled=${l} data-testid="join-spectator" onClick=${()=>p("spectator")}>${a("join.spectator")}</button>
    ${t.participants_count>=t.max_players&&r`<p class="quiet">${a("join.full")}</p>`}
  </form>`}function _o(){return H(ne)?r`<div class="newer" role="status" data-testid="newer"><span>${a("newer.there")}</span>
    <button type="button" class="ghost" data-testid="take-newer" onClick=${re}>${a("newer.take")}</button></div>`:null}var ka=2e4,wa=new Set(["waiting","in_progress"]);async function xa(){let t=await Y("/api/v1/sessions?scope=mine&limit=50");return Wt.keep("evenings",t),t}function Sa({me:t}){let[e,o]=f(!1),n=H(ue)==="online",i=H(fe),[s,l]=f(0);N(()=>{let y=setInterval(()=>document.visibilityState==="visible"&&l(q=>q+1),ka);return()=>clearInterval(y)},[]);let{value:m,error:p}=pt(xa,[n,i,s],()=>Wt.read("evenings")),$=m?.items??[],{value:u}=pt(()=>Y("/api/v1/notifications?unread=true&limit=50"),[n,i,s]),c=(u?.items??[]).filter(({kind:y,data:q})=>y==="session_invitation"&&q.session_id&&!$.some(O=>O.id===q.session_id)),d=$.filter(y=>wa.has(y.status)&&A(y,t.id)?.left_at==null),w=$.filter(y=>!d.includes(y));return r`<main class="page" data-testid="lobby">
    <${E} title=${a("lobby.hello",{name:t.display_name||t.username})}><${Pe} /></${E}>
    <${W} />
    <${_o} />
    <div class="sheet">
      ${d.length>0&&r`<h2 class="h">${a("lobby.running")}</h2>
        ${d.map(y=>r`<${Ca} session=${y} me=${t} key=${y.id} />`)}`}
      ${c.map(({id:y,kind:q,data:O})=>r`<div class="rows padded stack" key=${y} data-testid="invitation"><p>${Ae({kind:q,data:O})[1]}</p>
        <button type="button" class="big" onClick=${()=>S(`/join/${O.session_id}`)}>${a("join.title")}</button></div>`)}
      <div class="two">
        <button type="button" class="big" data-testid="new-session" onClick=${()=>S("/new")}>${a("lobby.new")}</button>
        <button type="button" class="ghost" aria-expanded=${e} data-testid="join-by-code" onClick=${()=>o(!e)}>${a("lobby.join")}</button>
      </div>
      ${e&&r`<${at} />`}
      ${d[0]?.code&&r`<h2 class="h">${a("lobby.invite")}</h2><${st} session=${d[0]} compact />`}
      <h2 class="h">${a("lobby.past")}</h2>
      <${v} error=${!m&&p} />
      ${w.length>0?r`<div class="rows">${w.map(y=>r`<${qa} session=${y} me=${t} key=${y.id} />`)}</div>`:r`<p class="quiet">${m?a("lobby.no_past"):a("state.loading")}</p>`}
      <button type="button" class="ghost" data-testid="to-clubs" onClick=${()=>S("/clubs")}>${a("clubs.title")}</button>
    </div>
    <${Ie} at="lobby" />
  </main>`}function Ca({session:t,me:e}){let o=t.current_game,n=A(t,e.id),i=n?de(t,n.id):0,s=t.status==="waiting"?[a("lobby.waiting")]:o?[a("game.number",{n:o.number}),a("lobby.turn",{name:h(t,o.current_participant_id)})]:[a("lobby.between")];return r`<button type="button" class="player turn card-line" data-testid="running" onClick=${()=>S(`/s/${t.id}`)}>
    <span class="who"><b class="name">${t.name}</b>
      <span class="sub live"><${Be} />${[...s,a("players",{n:J(t).length})].join(" · ")}</span>
    </span>
    <span class="net ${C(i)}">${_(i,t.rules.currency)}</span>
  </button>`}function qa({session:t,me:e}){let o=A(t,e.id),n=t.participants.filter(s=>s.role!=="spectator").length,i=[Z(t.completed_at??t.created_at),a("games",{n:t.games_played}),a("players",{n})];return t.status==="cancelled"&&i.push(a("lobby.cancelled")),r`<button type="button" class="row past" data-testid="past" onClick=${()=>S(`/s/${t.id}`)}>
    <span class="who"><b class="name">${t.name}</b><span class="sub">${i.join(" · ")}</span></span>
    <span class="m ${C(o?.balance??0)}">${_(o?.balance??0,t.rules.currency)}</span>
  </button>`}function ko({session:t,game:e,onClose:o}){let[n,i]=f(e.order[0]),{Pad:s}=B(t.rules),l=m=>{K(t.id,{participant_id:n,correction:!0,...m}),o()};return r`<${g} title=${a("add.title")} onClose=${o} testid="add-mark">
    <${ye} name="add-who" label=${a("add.who")} value=${n} options=${e.order.map(m=>[m,h(t,m)])} onChange=${i} />
    <div class="pad"><${s} rules=${t.rules} game=${e} pending=${[]} onPot=${m=>l({type:"pot_ball",...m})} onMore=${o} />
      <div class="acts"><button type="button" class="foul" data-testid="add-foul" onClick=${()=>l({type:"commit_foul"})}>${a("table.foul")}</button></div></div>
  </${g}>`}function wo({session:t,previous:e,onStart:o,onClose:n}){let i=B(t.rules).leastPlayers(t.rules),s=B(t.rules).mostPlayers(t.rules),[l,m]=f(()=>{let u=c=>{let d=(e??[]).indexOf(c.id);return d<0?99:d};return J(t).sort((c,d)=>u(c)-u(d)).map((c,d)=>({id:c.id,name:c.display_name,plays:d<s}))}),p=(u,c)=>{let d=[...l];[d[u],d[u+c]]=[d[u+c],d[u]],m(d)},$=l.filter(u=>u.plays).map(u=>u.id);return r`<${g} title=${a("order.title")} onClose=${n} testid="order">
    <p class="quiet">${a("order.hint")}</p>
    <ol class="order rows">
      ${l.map((u,c)=>r`<li key=${u.id}>
        <label><input type="checkbox" checked=${u.plays} onChange=${()=>m(l.map(d=>d===u?{...d,plays:!d.plays}:d))} />
          <span class="name">${u.name}</span></label>
        <button type="button" class="icon" aria-label="${a("order.up")}: ${u.name}" disabled=${c===0} onClick=${()=>p(c,-1)}><${T} name="up" /></button>
        <button type="button" class="icon" aria-label="${a("order.down")}: ${u.name}" disabled=${c===l.length-1} onClick=${()=>p(c,1)}><${T} name="down" /></button>
      </li>`)}
    </ol>
    ${(l.length>s||$.length<i)&&r`<p class=${$.length<i||$.length>s?"problem":"quiet center"} role="status" data-testid="order-chosen">
      ${a(i===s?"order.chosen":"order.chosen_range",{n:$.length,least:i,most:s})}</p>`}
    <button type="button" class="big" disabled=${$.length<i||$.length>s} data-testid="order-start" onClick=${()=>o($)}>${a("order.start")}</button>
  </${g}>`}function Ft({session:t,previous:e,label:o,beside:n}){let[i,s]=f(!1),{ask:l,busy:m,error:p}=k(),{leastPlayers:$,mostPlayers:u}=B(t.rules),c=J(t).length,d=Math.max(0,$(t.rules)-c),w=c>u(t.rules),y=async O=>{s(!1),await l(()=>x(`/api/v1/sessions/${t.id}/games`,O?{order:O}:{}))},q=()=>t.rules.order==="manual"||w?s(!0):y();return r`<div class="start">
    <${v} error=${p} />
    ${w&&r`<p class="quiet center" data-testid="too-many">${a("order.too_many",{n:c,most:u(t.rules)})}</p>`}
    ${d>0&&r`<p class="quiet center">${a("start.missing",{n:d})}</p>`}
    ${t.rules.order!=="manual"&&!w&&r`<button type="button" class="text" disabled=${d>0} data-testid="start-manual" onClick=${()=>s(!0)}>${a("start.by_hand")}</button>`}
    <div class=${n?"two":""}>${n}
      <button type="button" class="big" disabled=${m||d>0} data-testid="start-game" onClick=${q}>${o}</button></div>
    ${i&&r`<${wo} session=${t} previous=${e} onStart=${y} onClose=${()=>s(!1)} />`}
  </div>`}function Oa({view:t,session:e,game:o,me:n,chat:i}){let[s,l]=f(null),{ask:m,error:p}=k(),$=H(ht).filter(O=>O.session_id===e.id),u=ft($,t.state.events),c=$.filter(O=>O.state==="refused"),d=U(e,n.id),w=()=>l(null),y=o.results.reduce((O,$t)=>$t.net<O.net?$t:O),q=M(e,n.id)&&r`<${P} label=${a("result.complete")} question=${a("result.complete_ask")} yes=${a("result.complete")}
    danger=${!1} testid="complete" onYes=${()=>m(()=>x(`/api/v1/sessions/${e.id}/complete`))} />`;return r`<main class="page" data-testid="result-view">
    <${E} title=${a("result.title",{n:o.number})} sub=${Ma(t,e,o)} back="/">
      ${i}
      <${mt} icon="log" label=${a("log.title")} onClick=${()=>l("log")} testid="log-button" />
      <${mt} icon="qr" label=${a("people.title")} onClick=${()=>l("people")} testid="people-button" />
    </${E}>
    <${W} />
    <div class="sheet">
      <${At} events=${t.state.events} session=${e} />
      <${Et} game=${o} session=${e} />
      <${Te} session=${e} />
      ${y.net<0&&r`<button type="button" class="why" data-testid="why-button" onClick=${()=>l("why")}>
        ${a("why.ask",{name:h(e,y.participant_id),sum:L(-y.net,e.rules.currency)})} ›</button>`}
      ${(u.length>0||c.length>0)&&r`<${Fe} session=${e} pending=${u} refused=${c} onTakeBack=${be} />`}
      <h2 class="h">${a("nav.evening")} · ${a("games",{n:e.games_played})}</h2>
      ${t.balance&&r`<${jt} balance=${t.balance} session=${e} /><${It} balance=${t.balance} session=${e} me=${n} />`}
      ${t.balance&&r`<${Tt} balance=${t.balance} session=${e} onWhy=${O=>l({ledger:O})} />`}
      <${Rt} view=${t} session=${e} />
      ${d&&r`<div class="two">
        <button type="button" class="ghost" data-testid="add-mark-button" onClick=${()=>l("add")}>${a("result.add")}</button>
        <button type="button" class="ghost" data-testid="money-button" onClick=${()=>l("money")}>${a("money.title")}</button></div>
        <${P} label=${a("result.reopen")} question=${a("result.reopen_ask")} yes=${a("result.reopen")} danger=${!1} testid="reopen"
          onYes=${()=>K(e.id,{type:"reopen_game"})} />`}
      <${v} error=${p} />
    </div>
    <div class="foot">${d?r`<${Ft} session=${e} previous=${o.order} label=${a("result.again")} beside=${q} />`:r`<p class="quiet center">${a("waiting.wait")}</p>`}</div>
    ${s==="why"&&r`<${Lt} game=${o} session=${e} onClose=${w} />`}
    ${s==="add"&&r`<${ko} session=${e} game=${o} onClose=${w} />`}
    ${s==="money"&&r`<${rt} view=${t} session=${e} me=${n} onClose=${w} />`}
    ${s?.ledger&&r`<${Pt} session=${e} participantId=${s.ledger} onClose=${w} />`}
    ${s==="people"&&r`<${qt} session=${e} online=${t.online} me=${n} onClose=${w} />`}
    ${s==="log"&&r`<${nt} view=${t} pending=${u} canUndo=${d} onCommand=${O=>K(e.id,O)} onClose=${w} />`}
  </main>`}function Ma(t,e,o){let n=t.state.events.findLast(m=>m.type==="game.ended"&&m.game_id===o.id),i=o.end_reason??n?.data.reason,s=pe(t.state.events,o.id),l=[];return i==="all_balls_potted"&&s&&l.push(a("result.last_ball",{name:h(e,s.data.participant_id)})),i==="target_reached"&&l.push(a("result.target")),l.push(Q(o.duration_seconds??0)),l.join(" · ")}function ja({view:t,session:e,me:o,chat:n}){let{ask:i,error:s}=k(),l=`/api/v1/sessions/${e.id}`,m=mo(e);return r`<main class="page" data-testid="waiting">
    <${E} title=${e.name} sub=${a("waiting.title")} back="/">${n}</${E}>
    <${W} />
    <div class="sheet">
      <${st} session=${e} />
      <${St} session=${e} online=${t.online} me=${o} />
      <h2 class="h">${a("rules.title")}</h2>
      <${vt} rules=${e.rules} />
      <${xt} session=${e} me=${o} />
      <${it} rules=${e.rules} />
      <${v} error=${s} />
      ${M(e,o.id)?r`<${Ct} session=${e} />
          <${P} label=${a("waiting.cancel")} question=${a("waiting.cancel_ask")} yes=${a("waiting.cancel")} testid="cancel-session"
            onYes=${()=>i(()=>x(`${l}/cancel`))} />`:r`<${wt} session=${e} me=${o} />`}
    </div>
    <div class="foot">${U(e,o.id)?r`${m&&r`<p class="quiet center">${a("repeat.order")}</p>`}<${Ft} session=${e} previous=${m} label=${a("waiting.start")} />`:r`<p class="quiet center">${a("waiting.wait")}</p>`}</div>
  </main>`}var Ea=[[22,22],[160,17],[298,22],[22,138],[160,143],[298,138]],La=[["white",78,72],["yellow",196,78],["blue",238,88],["red",122,38],["brown",46,44],["pink",262,40]],Ra=[{name:"welcome.name_1",balls:["pink","yellow","white"],points:9,net:2e4},{name:"welcome.name_2",balls:["blue"],points:5,net:1e4},{name:"welcome.name_3",balls:["white","yellow"],points:3,net:-3e4}];function xo(){return r`<div class="hero" role="img" aria-label=${a("welcome.picture")}>
    <svg viewBox="0 0 320 160" aria-hidden="true">
      <rect class="rail" width="320" height="160" rx="20" /><rect class="cloth" x="16" y="16" width="288" height="128" rx="6" />
      ${Ea.map(([t,e])=>r`<circle class="pocket" cx=${t} cy=${e} r="10" />`)}
      <path class="way" d="M90 70L250 42M274 35L290 28" />
      ${La.map(([t,e,o])=>r`<g class=${t}><ellipse class="under" cx=${e+2} cy=${o+3} rx="10" ry="9.5" /><circle class="body" cx=${e} cy=${o} r="10" />
        <circle class="shine" cx=${e-3} cy=${o-4} r="2.6" /></g>`)}
    </svg>
    <div class="hero-score" aria-hidden="true">${Ra.map((t,e)=>r`<${Aa} ...${t} index=${e} />`)}</div>
  </div>`}function Aa({name:t,balls:e,points:o,net:n,index:i}){return r`<div class="hero-line${i===0?" turn":""}"><${et} name=${a(t)} index=${i} />
    <span class="who"><b>${a(t)}${i===0&&r`<em class="tag go">${a("table.turn")}</em>`}</b>
      <span class="small-balls">${e.map(s=>r`<${bt} color=${s} hidden />`)}</span></span>
    <b class="hero-points">${o}</b><span class="net ${C(n)}">${_(n,"RUB")}</span></div>`}var Pa=()=>S(location.pathname==="/"?"/signin":`/signin?to=${encodeURIComponent(location.pathname)}`);function Ba(){return r`<main class="page welcome" data-testid="welcome">
    <${E} title="Artel" sub=${a("auth.slogan")} />
    <${xo} />
    <div class="sheet">
      <p class="what" data-testid="what">${a("welcome.what")}</p>
      <button type="button" class="big" data-testid="welcome-start" onClick=${()=>S("/new")}>${a("welcome.start")}</button>
      <button type="button" class="ghost" data-testid="welcome-join" onClick=${()=>S("/join")}>${a("welcome.join")}</button>
      <p class="quiet center">${a("welcome.free")}</p>
      <button type="button" class="text" data-testid="welcome-sign-in" onClick=${Pa}>${a("welcome.sign_in")}</button>
      <div class="grow"></div>
      <${De} />
    </div>
  </main>`}export{Oo as ChatPane,qo as ChatSheet,Zo as Enter,ga as Evening,va as Join,Sa as Lobby,Ao as NotMember,Oa as Result,Vo as TableSheets,ja as Waiting,Ba as Welcome};
