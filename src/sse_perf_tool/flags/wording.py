"""What `--help` says of each flag."""

from __future__ import annotations

from ..exporters import EXPORTERS

HELP = {
    "host": ("server name or address", "服务器名称或地址"),
    "port": ("server port", "服务器端口"),
    "api_path": ("path, begins with /", "路径，以 / 开头"),
    "url": ("whole URL, http or https, instead of the three above", "完整网址（http 或 https），代替以上三项"),
    "api_key": (
        'API key, "app-xxx" or "Bearer app-xxx"; - for a server that takes none',
        '接口密钥，"app-xxx" 或 "Bearer app-xxx"；服务无需密钥时写 -',
    ),
    "format": ("{formats}; auto goes by the URL and the stream", "{formats}；auto 由网址和数据流判断"),
    "model": ("model in the body", "请求体中的模型"),
    "header": ('extra header "Name: value", repeatable', '附加请求头 "名称: 值"，可重复'),
    "insecure": ("do not check the certificate", "不校验证书"),
    "cacert": ("PEM file of the authorities to trust", "受信任证书的 PEM 文件"),
    "threads": ("concurrent threads", "并发线程数"),
    "processes": (
        "processes over which the threads are divided; auto: one for each 256 threads, as far as there are cores",
        "线程分布到的进程数；auto：每 256 个线程一个进程，不超过 CPU 核数",
    ),
    "duration": (
        "seconds (or 5m, 1h30m) for which each thread sends again and again; 0: once each",
        "每个线程循环发送的秒数（或 5m、1h30m）；0：各发送一次",
    ),
    "requests": (
        "requests in total, over all threads; with --duration whichever comes first",
        "所有线程的请求总数；与 --duration 同用时先到者为准",
    ),
    "no_stream": (
        "ask for whole answers instead of streams: plain JSON, measured by its response time",
        "请求完整回答而不是流：普通 JSON，按响应时间衡量",
    ),
    "turns": (
        "requests in each conversation, one after the other; then the thread begins a new one",
        "每个会话的请求轮数，依次发送；之后线程开始新会话",
    ),
    "think_time": (
        "seconds between two turns, or LOW:HIGH for evenly between the two",
        "两轮之间等待的秒数；低:高 表示在两者间均匀取值",
    ),
    "seed": ("what is drawn by chance is drawn from this number", "随机抽取所用的种子"),
    "simple": ("one request, whatever else is given", "只发一个请求，忽略其他负载参数"),
    "ramp_up": ("seconds over which the threads start", "线程全部启动所用秒数"),
    "rate": (
        "requests a second, whether or not answers have come; --threads is the most at a time (else 10 times the rate)",
        "每秒发送的请求数，不等待回答；--threads 为最大并发（默认为速率的 10 倍）",
    ),
    "arrival": (
        "how they follow each other: constant, poisson, gamma:CV",
        "到达间隔：constant、poisson、gamma:CV",
    ),
    "stages": (
        "load over time: 30s:10,1m:50,30s:0 threads, or 30s:5/s,1m:20/s requests a second; from 0, in straight lines",
        "随时间变化的负载：30s:10,1m:50,30s:0 为线程数，30s:5/s,1m:20/s 为每秒请求数；从 0 开始，直线变化",
    ),
    "replay": (
        "trace to send again: JSON lines with timestamp and query or body",
        "重放请求记录：每行一个含 timestamp 与 query 或 body 的 JSON",
    ),
    "speed": ("how many times as fast as recorded", "重放速度的倍数"),
    "batch": (
        "send so many at once, the next so many when all have ended",
        "每次同时发送的请求数，全部结束后再发下一批",
    ),
    "warmup": (
        "first time (10s) or number of requests (20) to leave out of the figures",
        "不计入指标的开头时间（10s）或请求数（20）",
    ),
    "cooldown": ("last time to leave out of the figures", "不计入指标的结尾时间"),
    "cancel_rate": (
        "share of requests that leave in mid-answer, 0.05 or 5%",
        "中途离开的请求比例，0.05 或 5%",
    ),
    "cancel_after": ("when these leave, after their start", "这些请求在开始多久后离开"),
    "timeout": ("seconds for a whole answer", "完整应答的超时秒数"),
    "idle_timeout": ("seconds between two reads", "两次读取之间的超时秒数"),
    "retries": ("retries of a request on 429, 500, 502, 503, 504", "遇 429、500、502、503、504 时的重试次数"),
    "calibrate": (
        "3 s against a paced server of its own first, to know the error of the figures",
        "先以自带的定时服务器运行 3 秒，得知数据的误差",
    ),
    "itl_ms": ("ms between two chunks of the calibration", "校准时两个数据块之间的毫秒数"),
    "quick": ("only the load asked for, not how far the machine goes", "只测所给负载，不测本机能达到的负载"),
    "query": ("query text", "问题文本"),
    "param_file": (
        "queries used in turn instead of --query: one a line, or .jsonl, .json, .csv with variables or conversations",
        "代替 --query 轮流使用的问题：每行一个，或含模板变量、会话的 .jsonl、.json、.csv",
    ),
    "shuffle": ("queries of the file in another order, drawn from --seed", "打乱文件中问题的顺序，由 --seed 决定"),
    "prompt_tokens": (
        "instead of queries made prompts of about so many tokens, or mean:spread",
        "不用给定的问题，而用约含这么多 token 的生成提示；也可写 平均:标准差",
    ),
    "shared_prefix_tokens": (
        "so many tokens, always the same, before every prompt",
        "在每个提示前加上相同的、含这么多 token 的前缀",
    ),
    "context_tiers": (
        "the whole load once for each number of tokens of filler before the query",
        "依次以每种数量的填充 token 放在问题前，各执行一遍全部负载",
    ),
    "api_key_file": ("keys used in turn, one a line", "轮流使用的密钥，每行一个"),
    "request_body_file": (
        "JSON template of the body with {query}, {user}, {conversation_id}, {files}, {inputs.KEY}, {COLUMN}",
        "请求体的 JSON 模板，可含 {query}、{user}、{conversation_id}、{files}、{inputs.KEY}、{列名}",
    ),
    "strict": (
        "a template or key file that cannot be loaded is an error, not a warning",
        "模板或密钥文件无法加载时报错，而不是警告",
    ),
    "conversation_id": ("conversation in the body", "请求体中的会话标识"),
    "user": ("user in the body", "请求体中的用户"),
    "threshold": (
        "what the run must reach, e.g. 'ttft_ms:p(95)<500', 'errors:rate<1%'; missed: status 99; repeatable",
        "测试必须达到的要求，如 'ttft_ms:p(95)<500'、'errors:rate<1%'；未达到时退出码为 99；可重复",
    ),
    "require_trust": (
        "figures that are not wholly to be trusted count as a missed threshold",
        "数据不完全可信时视为未达到阈值",
    ),
    "slo": (
        "what a good request is like, e.g. 'ttft_ms<500', 'itl_ms:p(99)<100', for the goodput; repeatable",
        "合格请求的条件，如 'ttft_ms<500'、'itl_ms:p(99)<100'，用于统计 goodput；可重复",
    ),
    "abort_on": (
        "end the run when this is true, e.g. 'errors:rate>0.5'; repeatable",
        "此条件成立时结束测试，如 'errors:rate>0.5'；可重复",
    ),
    "abort_after": ("time before which --abort-on does not count", "--abort-on 生效前的时间"),
    "baseline": (
        "older run to be held against, from --json or --records",
        "用于对照的旧测试，由 --json 或 --records 写成",
    ),
    "allow": (
        "how much worse than --baseline, e.g. 'ttft_ms:p(95)<+10%', 'tokens:rate>-5%'; repeatable",
        "允许比 --baseline 差多少，如 'ttft_ms:p(95)<+10%'、'tokens:rate>-5%'；可重复",
    ),
    "html_report": (
        "report; else report/report_[MODEL_]YYYYMMDD_HHMMSS.html",
        "报告；默认 report/report_[模型_]年月日_时分秒.html",
    ),
    "brand": ("brand in the header and footer of the report", "报告页眉和页脚的品牌名"),
    "report_title": ("title of the report", "报告标题"),
    "model_name": (
        "model in the report, its file name and, without --model, the body",
        "报告及其文件名中的模型名；未给 --model 时也用于请求体",
    ),
    **{name: exporter.about for name, exporter in EXPORTERS.items()},
    "records": ("write a JSON line a request while running (.jsonl)", "运行中为每个请求写一行 JSON（.jsonl）"),
    "stall_ms": ("ms between two chunks from which on it is a stall", "两个数据块间隔超过多少毫秒算停顿"),
    "quiet": ("no live table", "不显示实时表格"),
    "no_color": ("no colours (also NO_COLOR)", "不用颜色（也可设 NO_COLOR）"),
    "lang": ("en or zh; else the locale decides", "en 或 zh；默认由系统区域决定"),
    "text_path": ("visible text", "可见文本"),
    "reasoning_path": ("reasoning text", "推理文本"),
    "event_path": (
        "kind of event; @event (the default) is the SSE name",
        "事件类型；@event（默认）为 SSE 事件名",
    ),
    "text_event": ("only this event brings text, repeatable", "只有此事件带文本，可重复"),
    "end_event": ("ends the answer, repeatable", "结束应答的事件，可重复"),
    "error_event": ("is an error, repeatable", "表示错误的事件，可重复"),
    "error_path": ("error text", "错误文本"),
    "error_code_path": ("code that tells errors", "表示错误的代码"),
    "error_code_ok": ("code that is no error, repeatable; else 0", "不是错误的代码，可重复；默认 0"),
    "conversation_id_path": ("conversation id", "会话标识"),
    "message_id_path": ("message id", "消息标识"),
    "prompt_tokens_path": ("prompt tokens", "输入 token 数"),
    "completion_tokens_path": ("output tokens", "输出 token 数"),
    "finish_reason_path": ("finish reason", "结束原因"),
    "cumulative": ("each event repeats all text so far", "每个事件重复此前全部文本"),
    "raw": ("the data is the text itself, no JSON", "数据即文本本身，不是 JSON"),
    "by": (
        "what the load is: threads, or rate (requests a second)",
        "负载的含义：threads（线程）或 rate（每秒请求数）",
    ),
    "min": ("lowest load", "最低负载"),
    "max": ("highest load", "最高负载"),
    "sweep": ("measure these loads instead of searching, e.g. 1,2,4,8", "不搜索，依次测量这些负载，如 1,2,4,8"),
    "slo_share": (
        "share of requests that has to meet those --slo that are about one request, 0.95 or 95%",
        "须满足单请求 --slo 的请求比例，0.95 或 95%",
    ),
    "step_duration": (
        "time to measure each load, or LOW:HIGH; else 5 to 20 s by what the percentiles need",
        "每级负载的测量时间，或 低:高；默认按百分位数所需取 5 到 20 秒",
    ),
    "pause": ("time between two steps", "两步之间的等待时间"),
    "resume": (
        "write each step to this file as it ends; if it is there already, go on from it (.jsonl)",
        "每步结束时写入此文件；文件已存在时从中继续（.jsonl）",
    ),
    "config": (
        "flags from a .toml, .yaml or .json file, or those of a run from its --json or --records; the line goes first",
        "从 .toml、.yaml、.json 文件读取参数，或从 --json、--records 的文件读取该次运行的参数；命令行优先",
    ),
    "print_config": (
        "show what would be used, and where it comes from, as a file for --config",
        "显示将采用的设置及其来源，格式可用于 --config",
    ),
    "demo": (
        "start the embedded server and test it (5 threads, 10 s unless told otherwise)",
        "启动内置服务并测试（默认 5 线程、10 秒）",
    ),
    "debug": ("one request; show everything sent and received", "只发一个请求，显示全部收发内容"),
    "version": ("show the version", "显示版本"),
    "help": ("show this text", "显示本帮助"),
}
"""Flag key -> (English, Chinese)."""

CAPACITY_HELP = {
    "slo": (
        "'ttft_ms<500' of each request, see --slo-share; 'ttft_ms:p(95)<500' of a step; repeatable",
        "'ttft_ms<500' 针对每个请求（见 --slo-share），'ttft_ms:p(95)<500' 针对整步；可重复",
    ),
    "threads": ("with --by rate: most requests at a time", "与 --by rate 同用：最大并发数"),
}
"""The same for flags that mean something else to the capacity command."""
