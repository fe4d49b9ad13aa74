"""The `--help` text of each flag."""

from __future__ import annotations

from ..exporters import EXPORTERS

HELP = {
    "host": ("server name or address", "服务器名称或地址"),
    "port": ("server port", "服务器端口"),
    "api_path": ("path, begins with /", "路径，以 / 开头"),
    "url": (
        "full URL, with or without --url before it; a server alone (http://HOST:8000) is asked for its endpoint",
        "完整网址，可省略 --url 直接书写；只写服务器（http://主机:8000）时会询问其接口",
    ),
    "api_key": (
        'API key, "app-xxx" or "Bearer app-xxx"; - if the server needs none',
        '接口密钥，"app-xxx" 或 "Bearer app-xxx"；服务无需密钥时写 -',
    ),
    "format": (
        "{formats}; auto detects it from the URL and the stream",
        "{formats}；auto 由网址和数据流自动识别",
    ),
    "model": (
        "model name in the request body",
        "请求体中的模型名",
    ),
    "header": (
        'extra request header "Name: value"; repeatable',
        '附加请求头 "名称: 值"；可重复',
    ),
    "secret_header": (
        "the header of this name carries a secret: mask it everywhere; repeatable",
        "该名称的请求头含机密，处处隐藏其值；可重复",
    ),
    "insecure": (
        "do not verify the TLS certificate",
        "不校验 TLS 证书",
    ),
    "cacert": (
        "PEM file with the CA certificates to trust",
        "受信任 CA 证书的 PEM 文件",
    ),
    "threads": (
        "concurrent threads, each with one request at a time",
        "并发线程数，每个线程同时只有一个请求",
    ),
    "processes": (
        "worker processes that share the threads; auto: one per 256 threads, at most one per CPU core",
        "分担线程的进程数；auto：每 256 个线程一个进程，不超过 CPU 核数",
    ),
    "workers": (
        "so many workers on this machine send the load, as those on other machines would; to try it",
        "由本机的若干工作进程发送负载，方式与多台机器相同，用于试用",
    ),
    "expect_workers": (
        "so many machines send the load: each runs worker --join; this one leads them",
        "由若干台机器发送负载：每台运行 worker --join，本机主持",
    ),
    "bind": (
        "where they are waited for; 0.0.0.0:5557 for those of other machines",
        "等待它们的地址；供其他机器加入时用 0.0.0.0:5557",
    ),
    "worker_wait": (
        "how long to wait for the workers or, as a worker, for the master",
        "等待工作机加入的时间；对工作机则是等待主控的时间",
    ),
    "cluster_token": (
        "what master and workers know each other by, the same on all; by default the master makes one",
        "工作机与主控互认的令牌，各处相同；默认由主控生成",
    ),
    "join": ("the master to join", "要加入的主控"),
    "duration": (
        "run time in seconds (or 5m, 1h30m); each thread sends one request after the other; 0: one request per thread",
        "运行时长，秒（或 5m、1h30m），每个线程依次不断发送请求；0：每个线程只发一次",
    ),
    "requests": (
        "total number of requests over all threads; with --duration, the run ends at whichever comes first",
        "所有线程的请求总数；与 --duration 同用时先到者为准",
    ),
    "no_stream": (
        "request whole answers (plain JSON) instead of streams; the response time is measured",
        "请求完整回答（普通 JSON）而不是流；测量响应时间",
    ),
    "no_compression_check": (
        "do not send one more request behind the run that accepts a compressed answer, as other clients do",
        "测试后不再多发一个接受压缩的请求；默认会发，以查看其他客户端得到什么",
    ),
    "turns": (
        "requests per conversation, sent one after the other; then the thread starts a new conversation",
        "每个会话的请求轮数，依次发送；之后线程开始新会话",
    ),
    "think_time": (
        "wait between two turns in seconds; LOW:HIGH draws it evenly from that range",
        "两轮之间的等待时间（秒）；低:高 表示在该范围内均匀随机取值",
    ),
    "seed": (
        "seed of everything that is random",
        "随机数种子",
    ),
    "simple": (
        "send one request only; the other load flags are ignored",
        "只发一个请求，忽略其他负载参数",
    ),
    "ramp_up": (
        "seconds over which the threads are started",
        "在多少秒内逐步启动全部线程",
    ),
    "rate": (
        "requests per second, sent without waiting for answers (open loop); --threads: most at once, else 10 x rate",
        "每秒请求数，不等待回答（开环）；--threads 为最大并发（默认为速率的 10 倍）",
    ),
    "arrival": (
        "how the gaps between arrivals are distributed: constant, poisson, gamma:CV",
        "请求到达间隔的分布：constant、poisson、gamma:CV",
    ),
    "stages": (
        "load over time: 30s:10,1m:50,30s:0 threads, or 30s:5/s,1m:20/s requests per second; linear, from 0",
        "随时间变化的负载：30s:10,1m:50,30s:0 为线程数，30s:5/s,1m:20/s 为每秒请求数；从 0 开始线性变化",
    ),
    "replay": (
        "recorded trace to replay: JSON lines with timestamp and query or body",
        "重放轨迹：每行一个含 timestamp 与 query 或 body 的 JSON",
    ),
    "speed": (
        "replay speed; 2 is twice as fast as recorded",
        "重放速度，2 表示两倍速",
    ),
    "batch": (
        "send N requests at once, and the next N when all of them have ended",
        "每次同时发送 N 个请求，全部结束后再发下一批",
    ),
    "warmup": (
        "warm-up to leave out of the metrics: a time (10s) or a number of requests (20)",
        "预热：开头不计入指标的时间（10s）或请求数（20）",
    ),
    "cooldown": (
        "cool-down: time at the end to leave out of the metrics",
        "冷却：结尾不计入指标的时间",
    ),
    "cancel_rate": (
        "share of requests that the client cancels in mid-answer, 0.05 or 5%",
        "客户端在回答中途主动取消的请求比例，0.05 或 5%",
    ),
    "cancel_after": (
        "when to cancel these, counted from the start of the request",
        "这些请求在开始多久后取消",
    ),
    "timeout": (
        "timeout of a whole answer in seconds",
        "完整回答的超时秒数",
    ),
    "idle_timeout": (
        "longest time without any data from the server, in seconds",
        "多少秒收不到任何数据即超时",
    ),
    "retries": (
        "retries of a request on status 429, 500, 502, 503 or 504",
        "遇状态码 429、500、502、503、504 时的重试次数",
    ),
    "calibrate": (
        "first run for 3 s against a local server with known timing, to measure the tool's own error",
        "先用 3 秒测试一个计时已知的本地服务器，测出本工具自身的误差",
    ),
    "itl_ms": (
        "time between two chunks of the calibration, in ms",
        "校准时两个数据块之间的毫秒数",
    ),
    "quick": (
        "test the given load only; do not look for the limit of the machine",
        "只测所给负载，不测本机能达到的负载",
    ),
    "metrics_url": (
        "read this Prometheus page of the server once a second during the run (queue, KV cache, tokens)",
        "测试期间每秒读取服务端的 Prometheus 指标页（排队、KV 缓存、token）",
    ),
    "query": (
        "query text; with --lang en the default is: Who are you?",
        "问题文本；使用 --lang en 时默认为 Who are you?",
    ),
    "param_file": (
        "queries used in turn instead of --query: one per line, or .jsonl, .json, .csv with variables or conversations",
        "问题文件，代替 --query 轮流使用：每行一个，或含模板变量、会话的 .jsonl、.json、.csv",
    ),
    "shuffle": (
        "shuffle the queries of the file, see --seed",
        "打乱文件中问题的顺序，由 --seed 决定",
    ),
    "prompt_tokens": (
        "send generated prompts of about N tokens instead of queries; MEAN:STDDEV varies the length",
        "不用给定的问题，而发送约 N 个 token 的生成提示词；平均:标准差 使长度随机变化",
    ),
    "shared_prefix_tokens": (
        "put the same N tokens before every prompt",
        "在每个提示词前加上相同的、N 个 token 的前缀",
    ),
    "context_tiers": (
        "run the whole load once per context length: N tokens of filler before each query",
        "对每种上下文长度各执行一遍全部负载：在问题前放 N 个填充 token",
    ),
    "api_key_file": (
        "file of API keys, used in turn, one per line",
        "密钥文件，轮流使用，每行一个",
    ),
    "request_body_file": (
        "JSON template of the request body with {query}, {user}, {conversation_id}, {files}, {inputs.KEY}, {COLUMN}",
        "请求体的 JSON 模板，可含 {query}、{user}、{conversation_id}、{files}、{inputs.KEY}、{列名}",
    ),
    "max_tokens": (
        "most tokens of an answer, in the field that the format has for it",
        "回答的最大 token 数，写入该格式的相应字段",
    ),
    "temperature": ("temperature of the model, 0 to 2, likewise", "模型的温度，0 到 2，同上"),
    "ignore_eos": (
        "answers go on to their --max-tokens (vLLM, SGLang), so that all are as long",
        "回答一直生成到 --max-tokens（vLLM、SGLang），使长度一致",
    ),
    "extra_body": (
        """fields to put into the request body, e.g. '{"top_p": 0.9}'""",
        """加入请求体的字段，如 '{"top_p": 0.9}'""",
    ),
    "strict": (
        "exit with an error, not a warning, when the template or key file cannot be loaded",
        "模板或密钥文件无法加载时报错，而不是警告",
    ),
    "conversation_id": (
        "conversation id in the request body",
        "请求体中的会话标识",
    ),
    "user": (
        "user name in the request body",
        "请求体中的用户",
    ),
    "threshold": (
        "goal for the whole run, e.g. 'ttft_ms:p(95)<500', 'errors:rate<1%'; exit status 99 when missed; repeatable",
        "整个测试必须达到的要求，如 'ttft_ms:p(95)<500'、'errors:rate<1%'；未达到时退出码为 99；可重复",
    ),
    "require_trust": (
        "treat a measurement that cannot be fully trusted as a missed threshold",
        "测量数据不完全可信时，按未达到阈值处理",
    ),
    "slo": (
        "goal for each request, e.g. 'ttft_ms<500', 'itl_ms:p(99)<100'; goodput counts those that meet all; repeatable",
        "对每个请求的要求，如 'ttft_ms<500'、'itl_ms:p(99)<100'；goodput 统计全部满足的请求；可重复",
    ),
    "abort_on": (
        "end the run early when this becomes true, e.g. 'errors:rate>0.5'; repeatable",
        "此条件成立时提前结束测试，如 'errors:rate>0.5'；可重复",
    ),
    "abort_after": (
        "do not check --abort-on before this time",
        "在此时间之前不检查 --abort-on",
    ),
    "baseline": (
        "older run to compare with: a file of --json or --records",
        "用于对比的旧测试：--json 或 --records 写的文件",
    ),
    "allow": (
        "how much worse than --baseline a metric may be, e.g. 'ttft_ms:p(95)<+10%', 'tokens:rate>-5%'; repeatable",
        "指标允许比 --baseline 差多少，如 'ttft_ms:p(95)<+10%'、'tokens:rate>-5%'；可重复",
    ),
    "html_report": (
        "HTML report; default report/report_[MODEL_]YYYYMMDD_HHMMSS.html",
        "HTML 报告；默认 report/report_[模型_]年月日_时分秒.html",
    ),
    "no_report": ("write no HTML report", "不写 HTML 报告"),
    "brand": (
        "brand name in the header and footer of the report",
        "报告页眉和页脚的品牌名",
    ),
    "report_title": ("title of the report", "报告标题"),
    "model_name": (
        "model name in the report and its file name; without --model in the request body, too",
        "报告及其文件名中的模型名；未给 --model 时也用于请求体",
    ),
    **{name: exporter.about for name, exporter in EXPORTERS.items()},
    "records": (
        "write one JSON line per request during the run (.jsonl)",
        "运行中为每个请求写一行 JSON（.jsonl）",
    ),
    "studio": (
        "folder of a studio, which shows this as it goes on; what is written goes into its results/ by default",
        "Studio 所在目录，可在其页面实时观看；写出的文件默认放入其 results/",
    ),
    "prometheus": (
        "while the run goes on, serve its metrics for Prometheus at http://ADDR:PORT/metrics",
        "运行期间在 http://地址:端口/metrics 提供 Prometheus 指标",
    ),
    "otlp": (
        "send metrics each second and a span for each request of a sample to this OpenTelemetry collector (OTLP/HTTP)",
        "每秒向此 OpenTelemetry 采集器发送指标，并为抽样的请求各发送一个 span（OTLP/HTTP）",
    ),
    "otlp_sample": (
        "share of requests that have a span, 0.1 or 10%; default OTEL_TRACES_SAMPLER, else 10%",
        "发送 span 的请求比例，0.1 或 10%；默认取 OTEL_TRACES_SAMPLER，否则为 10%",
    ),
    "otlp_traceparent": (
        "send a traceparent header with each request, so that spans of the server belong to its trace",
        "每个请求发送 traceparent 请求头，使服务端的 span 归入同一条链路",
    ),
    "token_estimate": (
        "how tokens are counted that the server does not report: words, weighted (by script and length) or chunks",
        "服务端未返回 token 数时如何计数：words（按词）、weighted（按文字种类加权）或 chunks（按数据块）",
    ),
    "tokenizer": (
        "count such tokens with this tokenizer.json or tiktoken file instead",
        "改用此 tokenizer.json 或 tiktoken 文件计数",
    ),
    "stall_ms": (
        "a longer gap between two chunks, in ms, counts as a stall",
        "两个数据块间隔超过多少毫秒算停顿",
    ),
    "quiet": ("no live table", "不显示实时表格"),
    "no_color": (
        "no colours (same as NO_COLOR)",
        "不用颜色（也可设 NO_COLOR）",
    ),
    "lang": (
        "en or zh; default: the language of the locale",
        "en 或 zh；默认由系统区域决定",
    ),
    "text_path": (
        "visible text",
        "可见文本",
    ),
    "reasoning_path": ("reasoning text", "思考文本"),
    "event_path": (
        "type of the event; default @event, the SSE event name",
        "事件类型；默认 @event，即 SSE 事件名",
    ),
    "text_event": (
        "only events of this type carry text; repeatable",
        "只有此类事件带文本；可重复",
    ),
    "reasoning_event": (
        "events of this type carry reasoning; repeatable",
        "此类事件带思考文本；可重复",
    ),
    "close_ends": (
        "the end of the connection ends the answer, no end marker is needed",
        "连接正常结束即回答结束，不需要结束标记",
    ),
    "open_url": (
        "POST this once for each thread, before its first request: opens a session, whose id is the {conversation_id}",
        "每个线程在首个请求前先 POST 此地址以打开会话，会话 id 即 {conversation_id}",
    ),
    "open_body": ("body of that request", "该请求的请求体"),
    "open_path": ("where the id stands in its answer", "应答中 id 的路径"),
    "then_url": (
        "GET the stream from here after each POST; {id} stands for the id in its answer",
        "每次 POST 后从此地址 GET 流；{id} 为其应答中的 id",
    ),
    "then_path": ("where that id stands", "该 id 的路径"),
    "milestone": (
        "a moment, tool or step in the answer: NAME=PATH, NAME=PATH=VALUE or NAME=event:NAME; repeatable",
        "回答中的时刻、工具或步骤：NAME=路径、NAME=路径=值 或 NAME=event:事件名；可重复",
    ),
    "end_event": (
        "type of the event that ends the answer; repeatable",
        "表示回答结束的事件类型；可重复",
    ),
    "error_event": (
        "type of an error event; repeatable",
        "表示错误的事件类型；可重复",
    ),
    "error_path": (
        "error message",
        "错误信息",
    ),
    "error_code_path": (
        "error code",
        "错误代码",
    ),
    "error_code_ok": (
        "error code that means success; repeatable; default 0",
        "表示成功的代码；可重复；默认 0",
    ),
    "conversation_id_path": ("conversation id", "会话标识"),
    "message_id_path": ("message id", "消息标识"),
    "prompt_tokens_path": ("prompt tokens", "输入 token 数"),
    "completion_tokens_path": ("output tokens", "输出 token 数"),
    "finish_reason_path": ("finish reason", "结束原因"),
    "cumulative": (
        "each event repeats the whole text so far",
        "每个事件重复此前全部文本",
    ),
    "raw": (
        "the data of an event is the text itself, not JSON",
        "事件数据即文本本身，不是 JSON",
    ),
    "by": (
        "unit of the load: threads, or rate (requests per second)",
        "负载的单位：threads（线程数）或 rate（每秒请求数）",
    ),
    "min": ("lowest load", "最低负载"),
    "max": ("highest load", "最高负载"),
    "sweep": (
        "test these loads one after the other instead of searching, e.g. 1,2,4,8",
        "不搜索，依次测量这些负载，如 1,2,4,8",
    ),
    "slo_share": (
        "share of requests that must meet the --slo rules for each request, 0.95 or 95%",
        "须满足单请求 --slo 的请求比例，0.95 或 95%",
    ),
    "step_duration": (
        "measuring time per load, or LOW:HIGH; default 5 to 20 s, as long as the percentiles need",
        "每级负载的测量时间，或 低:高；默认按百分位数所需取 5 到 20 秒",
    ),
    "pause": (
        "pause between two steps",
        "两步之间的等待时间",
    ),
    "resume": (
        "save each step to this file (.jsonl); if the file exists, continue from it",
        "每步结束时写入此文件（.jsonl）；文件已存在时从中继续",
    ),
    "pid": (
        "attach to a server that runs; it is never stopped",
        "附加到已在运行的服务端；绝不会停止它",
    ),
    "ready": (
        "load begins when this page can be had (default: when the port takes connections)",
        "此页面可访问后开始施加负载（默认：端口可连接时）",
    ),
    "ready_text": (
        "load begins when the server has printed this text",
        "服务端输出此文本后开始施加负载",
    ),
    "ready_timeout": (
        "how long the server may take to be ready",
        "等待服务端就绪的最长时间",
    ),
    "sample_rate": (
        "stacks a second in the pass flame",
        "flame 每秒采样的调用栈数",
    ),
    "native": (
        "with flame: frames of native extensions, too",
        "与 flame 同用：也包括原生扩展的栈帧",
    ),
    "no_metrics": (
        "do not look for a Prometheus page beside the target",
        "不在目标旁查找 Prometheus 指标页",
    ),
    "metrics_interval": (
        "how often the Prometheus page is read",
        "读取 Prometheus 指标页的间隔",
    ),
    "no_inject": (
        "put no hook into the server: no loop delay, no waits, no memory by line",
        "不向服务端注入钩子：没有循环延迟、等待和按行的内存",
    ),
    "target": (
        "replaces a target, e.g. 'p50<1s', 'ttfc<500ms', 'rss<500MB', 'cpu<80%'; repeatable",
        "替换一项目标，如 'p50<1s'、'ttfc<500ms'、'rss<500MB'、'cpu<80%'；可重复",
    ),
    "fail_on_targets": (
        "exit status 99 when a target is missed",
        "有目标未达到时退出码为 99",
    ),
    "server_log": (
        "what the server prints; default server.log in the folder of the profile",
        "服务端输出写入此文件；默认为分析目录中的 server.log",
    ),
    "stop_signal": (
        "first signal to stop it with; SIGTERM and SIGKILL follow if it goes on",
        "停止服务端的首个信号；若仍在运行则依次使用 SIGTERM、SIGKILL",
    ),
    "keep_running": (
        "do not stop the server at the end",
        "结束时不停止服务端",
    ),
    "compare": (
        "first send load without profilers, to say what they cost (always with flame)",
        "先在没有分析器时施加负载，以说明其开销（使用 flame 时总会执行）",
    ),
    "config": (
        "read flags from a .toml, .yaml or .json file, or a run's --json or --records file; the command line wins",
        "从 .toml、.yaml、.json 文件读取参数，或从某次运行的 --json、--records 文件读取；命令行优先",
    ),
    "print_config": (
        "print the settings that would be used and where each comes from, as a file for --config",
        "显示将采用的设置及其来源，格式可用于 --config",
    ),
    "completion": (
        "print the script that completes the command sse-perf in this shell: bash, zsh or fish",
        "输出 sse-perf 命令在该 shell 中的自动补全脚本：bash、zsh 或 fish",
    ),
    "demo": (
        "start the embedded server and test it (default 5 threads, 10 s)",
        "启动内置服务并测试（默认 5 线程、10 秒）",
    ),
    "agent": (
        "with --demo: the server answers as an agent, with reasoning, tool calls and steps",
        "与 --demo 同用：服务以智能体方式回答，含思考、工具调用和步骤",
    ),
    "debug": (
        "send one request and show everything sent and received",
        "只发一个请求，显示全部收发内容",
    ),
    "version": ("show the version", "显示版本"),
    "help": (
        "show this help",
        "显示本帮助",
    ),
}
"""Flag key -> (English, Chinese)."""

CAPACITY_HELP = {
    "slo": (
        "'ttft_ms<500' for each request (see --slo-share), 'ttft_ms:p(95)<500' for a whole step; repeatable",
        "'ttft_ms<500' 针对每个请求（见 --slo-share），'ttft_ms:p(95)<500' 针对整步；可重复",
    ),
    "threads": (
        "with --by rate: limit of the concurrency",
        "与 --by rate 同用：最大并发数",
    ),
}
"""The same for the flags that have another meaning in the capacity command."""

BENCH_HELP = {
    "config": ("providers and models, see docs/bench.md", "提供商和模型的配置，见 docs/bench_zh.md"),
    "provider": (
        "only providers whose key or name contains TEXT; repeatable",
        "只测键名或名称含有该文本的提供商；可重复",
    ),
    "model": ("only models whose id or name contains TEXT; repeatable", "只测标识或名称含有该文本的模型；可重复"),
    "runs": (
        "measured requests for each model and tier, besides a cold one (default: that of the config, else 3)",
        "每个模型和档位的测量请求数，另有一个冷启动请求（默认取配置中的值，否则为 3）",
    ),
    "context_tiers": (
        "tokens of filler before the prompt; what does not fit a model is skipped",
        "提示词前的填充 token 数；超出模型窗口的档位会跳过",
    ),
    "max_tokens": ("most tokens of an answer (default: that of the config)", "回答的最大 token 数（默认取配置中的值）"),
    "temperature": ("0 to 2 (default: that of the config)", "0 到 2（默认取配置中的值）"),
    "prompt": ("what is asked (default: that of the config)", "提示词（默认取配置中的值）"),
    "param_file": ("queries from a file, in turn, instead of the prompt", "从文件依次取问题，代替提示词"),
    "order": (
        "lanes: providers side by side; interleaved: all targets in random turns, to see small differences",
        "lanes：各提供商并行；interleaved：所有目标随机交替，用于比较细微差别",
    ),
    "threads": ("requests at the same time for each model", "每个模型同时进行的请求数"),
    "via": (
        "litellm: LiteLLM sends every request, to see what it costs",
        "litellm：所有请求都由 LiteLLM 发送，用于比较其开销",
    ),
    "threshold": (
        "as for a run; 'ttft_ms{model:*gpt*}:p(95)<800' for some models; repeatable",
        "与普通运行相同；'ttft_ms{model:*gpt*}:p(95)<800' 只针对部分模型；可重复",
    ),
    "results": ("folder of the results", "结果所在目录"),
    "no_save": ("write no result file", "不写结果文件"),
    "list": ("show what would be measured, and send nothing", "只列出将要测量的内容，不发送请求"),
    "history": ("show earlier results", "列出以往结果"),
    "show": (
        "show one of them again, and write it as --html-report or another output",
        "再次显示其中一个，并可写成 --html-report 等输出",
    ),
    "compare": ("compare two results: bench --compare A B", "比较两个结果：bench --compare A B"),
    "demo": ("the embedded server as four providers; needs no key", "以内置服务充当四个提供商，不需要密钥"),
    "verbose": ("a line for each request", "每个请求一行"),
    "json": ("the result as JSON", "结果（JSON）"),
    "csv": ("the table as CSV", "表格（CSV）"),
    "markdown": ("the table as Markdown, with date and method", "表格（Markdown），附日期和方法"),
    "junit": ("a JUnit case for each threshold", "每个阈值一个 JUnit 用例"),
    "html_report": ("one offline page", "单个离线页面"),
}
"""The same for the flags of the bench command."""

PROFILE_HELP = {
    "demo": (
        "profile the embedded server (default 5 threads, 10 s)",
        "分析内置服务（默认 5 线程、10 秒）",
    ),
}
"""The same for the flags of the profile command."""

STUDIO_HELP = {
    "dir": ("folder with config.yaml, .env and results/", "含有 config.yaml、.env 和 results/ 的目录"),
    "watch": (
        "folder whose records and summaries of ordinary runs are listed too; repeatable",
        "同时列出该目录中普通运行的记录和摘要；可重复",
    ),
    "port": ("port of the page; 0: one that is free", "页面端口；0：任选空闲端口"),
    "host": (
        "address to listen on; other than this machine's own it needs --allow-host, as the page is plain HTTP",
        "监听地址；页面为明文 HTTP，非本机地址需同时给出 --allow-host",
    ),
    "allow_host": (
        "a name, or NAME:PORT, under which the page may be asked for; repeatable",
        "允许用于访问页面的主机名（或 名称:端口）；可重复",
    ),
}
"""The same for the flags of the studio command."""

WORKER_HELP = {"quiet": ("say nothing but errors", "除错误外不输出")}
"""Of the worker command."""
