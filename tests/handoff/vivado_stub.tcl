# SPDX-License-Identifier: Apache-2.0
# Plays Vivado in plain tclsh: knows the legal commands and their options (UG835), checks that named files exist and
# that the steps come in order, and stops at anything else.
#   tclsh vivado_stub.tcl SCRIPT          prints one line for each command
namespace eval stub {
  variable step ""
  variable sources {}
  variable top ""
  variable clocks 0

  # command -> options that stand alone, options with a value, fewest and most plain arguments
  variable legal {
    create_project        {{-force -in_memory -ip -rtl_kernel -quiet -verbose} {-part} 0 2}
    set_property          {{-quiet -verbose} {-name -value -objects -dict} 0 3}
    get_property          {{-min -max -quiet -verbose} {} 2 2}
    read_verilog          {{-sv -quiet -verbose} {-library} 1 1}
    read_mem              {{-quiet -verbose} {} 1 1}
    read_xdc              {{-unmanaged -no_add -quiet -verbose} {-cells -ref -mode} 1 1}
    synth_design          {{-rtl -assert -retiming -quiet -verbose}
                           {-top -part -mode -name -include_dirs -generic -verilog_define -flatten_hierarchy
                            -directive -fsm_extraction -resource_sharing -max_dsp -max_bram} 0 0}
    opt_design            {{-retarget -propconst -sweep -remap -quiet -verbose} {-directive} 0 0}
    place_design          {{-timing_summary -unplace -post_place_opt -quiet -verbose} {-directive} 0 0}
    phys_opt_design       {{-fanout_opt -placement_opt -retime -quiet -verbose} {-directive} 0 0}
    route_design          {{-tns_cleanup -timing_summary -quiet -verbose} {-directive} 0 0}
    write_checkpoint      {{-force -incremental_synth -quiet -verbose} {-cell} 1 1}
    report_utilization    {{-append -pblocks -hierarchical -quiet -verbose} {-file -cells -name -hierarchical_depth} 0 0}
    report_timing_summary {{-check_timing_verbose -no_header -warn_on_violation -quiet -verbose}
                           {-file -delay_type -max_paths -nworst -name} 0 0}
    report_drc            {{-append -quiet -verbose} {-file -name -ruledecks} 0 0}
    get_timing_paths      {{-setup -hold -unique_pins -quiet -verbose} {-max_paths -nworst -from -to -delay_type} 0 0}
    create_clock          {{-add -quiet -verbose} {-period -name -waveform} 0 1}
    get_ports             {{-regexp -nocase -quiet -verbose} {-filter -of_objects} 0 1}
    get_runs              {{-regexp -nocase -quiet -verbose} {-filter} 0 1}
    get_filesets          {{-regexp -nocase -quiet -verbose} {-filter} 0 1}
    get_files             {{-regexp -nocase -all -quiet -verbose} {-filter -of_objects} 0 1}
    current_project       {{-quiet -verbose} {} 0 1}
    current_fileset       {{-simset -constrset -srcset -quiet -verbose} {} 0 1}
    add_files             {{-norecurse -scan_for_includes -quiet -verbose} {-fileset -of_objects} 0 1}
    update_compile_order  {{-force_gui -quiet -verbose} {-fileset} 0 0}
    close_project         {{-delete -quiet -verbose} {} 0 0}
    ipx::package_project  {{-import_files -force -quiet -verbose}
                           {-root_dir -vendor -library -taxonomy -module -generated_files -set_current} 0 1}
    ipx::current_core     {{-quiet -verbose} {} 0 1}
    ipx::get_bus_interfaces {{-quiet -verbose} {-of_objects -filter} 0 1}
    ipx::create_xgui_files {{-quiet -verbose} {-logo_file} 0 1}
    ipx::update_checksums {{-quiet -verbose} {} 0 1}
    ipx::check_integrity  {{-quiet -verbose -xrt} {} 0 1}
    ipx::save_core        {{-quiet -verbose} {} 0 1}
    create_bd_design      {{-quiet -verbose} {} 1 1}
    create_bd_cell        {{-quiet -verbose} {-type -vlnv -reference} 1 1}
    apply_bd_automation   {{-quiet -verbose} {-rule -config} 1 1}
    get_ipdefs            {{-all -quiet -verbose} {-filter} 0 1}
    get_bd_pins           {{-quiet -verbose} {} 1 1}
    get_bd_intf_pins      {{-quiet -verbose} {} 1 1}
    connect_bd_net        {{-quiet -verbose} {} 2 2}
    connect_bd_intf_net   {{-quiet -verbose} {} 2 2}
    assign_bd_address     {{-quiet -verbose} {} 0 0}
    validate_bd_design    {{-quiet -verbose} {} 0 0}
    save_bd_design        {{-quiet -verbose} {} 0 0}
    make_wrapper          {{-top -import -force -quiet -verbose} {-files} 0 0}
    launch_runs           {{-quiet -verbose} {-to_step -jobs} 1 1}
    wait_on_run           {{-quiet -verbose} {} 1 1}
  }
  # what an IP of a block design has: pins, interfaces, and properties that are set here
  variable ips {
    processing_system7 {
      {FCLK_CLK0 FCLK_RESET0_N M_AXI_GP0_ACLK S_AXI_HP0_ACLK} {M_AXI_GP0 S_AXI_HP0}
      {PCW_USE_M_AXI_GP0 PCW_USE_S_AXI_HP0 PCW_FPGA0_PERIPHERAL_FREQMHZ}}
    zynq_ultra_ps_e {
      {pl_clk0 pl_resetn0 maxihpm0_fpd_aclk saxihp0_fpd_aclk} {M_AXI_HPM0_FPD S_AXI_HP0_FPD}
      {PSU__USE__M_AXI_GP0 PSU__USE__M_AXI_GP1 PSU__USE__M_AXI_GP2 PSU__USE__S_AXI_GP2
       PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ}}
    axi_dma {
      {s_axi_lite_aclk m_axi_mm2s_aclk m_axi_s2mm_aclk axi_resetn}
      {S_AXI_LITE M_AXI_MM2S M_AXI_S2MM M_AXIS_MM2S S_AXIS_S2MM}
      {c_include_sg c_sg_length_width c_addr_width c_m_axi_mm2s_data_width c_m_axis_mm2s_tdata_width
       c_m_axi_s2mm_data_width}}
    smartconnect { {aclk aresetn} {S00_AXI M00_AXI} {NUM_SI NUM_MI} }
    proc_sys_reset { {slowest_sync_clk ext_reset_in peripheral_aresetn} {} {} }
  }
  variable cells {}
  variable connected {}
  variable properties {
    part top source_mgmt_mode include_dirs SLACK name version display_name description
    {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} STEPS.SYNTH_DESIGN.TCL.PRE
  }
  variable needs {
    opt_design synth_design  place_design opt_design  phys_opt_design place_design  route_design place_design
    write_checkpoint synth_design  report_utilization synth_design  report_timing_summary synth_design
    report_drc synth_design  get_timing_paths synth_design
    ipx::package_project update_compile_order  ipx::create_xgui_files ipx::package_project
    ipx::check_integrity ipx::update_checksums  ipx::save_core ipx::check_integrity
    create_bd_cell create_bd_design  validate_bd_design assign_bd_address  save_bd_design validate_bd_design
    make_wrapper save_bd_design  launch_runs make_wrapper  wait_on_run launch_runs
  }

  # Split the arguments of a command into a dict of its options and a list of the rest.
  proc parse {command arguments} {
    variable legal
    lassign [dict get $legal $command] flags valued least most
    set options {}
    set plain {}
    for {set i 0} {$i < [llength $arguments]} {incr i} {
      set word [lindex $arguments $i]
      if {$word in $flags} {
        dict set options $word 1
      } elseif {$word in $valued} {
        if {[incr i] >= [llength $arguments]} { error "$command: option $word needs a value" }
        dict set options $word [lindex $arguments $i]
      } elseif {[string match -* $word]} {
        error "$command: unknown option $word"
      } else {
        lappend plain $word
      }
    }
    if {[llength $plain] < $least || [llength $plain] > $most} {
      error "$command: takes $least to $most arguments, got [llength $plain]: $plain"
    }
    return [list $options $plain]
  }

  proc must_exist {command files} {
    foreach file $files {
      if {[file pathtype $file] ne "relative"} { error "$command: $file is not a relative path" }
      if {![file isfile $file]} { error "$command: no file $file in [pwd]" }
    }
  }

  proc in_order {command} {
    variable needs
    variable step
    variable done
    if {[dict exists $needs $command] && ![info exists done([dict get $needs $command])]} {
      error "$command: comes before [dict get $needs $command]"
    }
    set done($command) 1
  }

  # Synthesis reads the memories that the sources name, relative to the working directory.
  proc check_memories {} {
    variable sources
    foreach source $sources {
      set channel [open $source]
      set text [read $channel]
      close $channel
      foreach {_ memory} [regexp -all -inline {"([^"]+\.mem)"} $text] { must_exist "readmem in $source" [list $memory] }
    }
  }

  # The IP whose name a filter of get_ipdefs has.
  proc known_ip {filter} {
    variable ips
    if {![regexp {xilinx\.com:ip:(\w+):\*} $filter _ name] || ![dict exists $ips $name]} {
      error "get_ipdefs: no IP for $filter"
    }
    return "xilinx.com:ip:$name:1.0"
  }

  # Keep what a cell has: for a module its ports, which attributes gather to interfaces.
  proc add_cell {options name} {
    variable ips
    variable cells
    variable sources
    if {[dict get $options -type] eq "ip"} {
      dict set cells $name [dict get $ips [lindex [split [dict get $options -vlnv] :] 2]]
      return $name
    }
    set module [dict get $options -reference]
    foreach source $sources {
      if {[file rootname [file tail $source]] ne $module} { continue }
      set found {}
      foreach {_ kind interface} [regexp -all -inline {xilinx\.com:(\w+):\w+:1\.0 (\w+) \w+"} [content $source]] {
        dict set found $kind $interface 1
      }
      dict set cells $name [list [dict keys [dict get $found signal]] [dict keys [dict get $found interface]] {}]
      return $name
    }
    error "create_bd_cell: no source of module $module"
  }

  proc pin {command path place} {
    variable cells
    lassign [split $path /] cell name
    if {![dict exists $cells $cell]} { error "$command: no cell $cell" }
    lassign [dict get $cells $cell] pins interfaces properties
    # as many of them as were asked for
    if {$place && "NUM_SI" in $properties} { lappend interfaces S01_AXI M01_AXI }
    if {$name ni [expr {$place ? $interfaces : $pins}]} { error "$command: $cell has no $name" }
    return $path
  }

  proc connect {command from to} {
    variable connected
    if {$to in $connected} { error "$command: $to is connected already" }
    lappend connected $from $to
  }

  proc check_connected {} {
    variable cells
    variable connected
    dict for {cell has} $cells {
      foreach name [concat {*}[lrange $has 0 1]] {
        if {"$cell/$name" ni $connected} { error "validate_bd_design: $cell/$name is open" }
      }
    }
  }

  proc check_cell {properties cell} {
    variable cells
    foreach {name _} $properties {
      if {[string range $name 7 end] ni [lindex [dict get $cells $cell] 2]} { error "set_property: $cell has no $name" }
    }
  }

  proc write_runs {} {
    foreach {folder file} {
      project/project.runs/impl_1 overlay_wrapper.bit
      project/project.gen/sources_1/bd/overlay/hw_handoff overlay.hwh
    } {
      file mkdir $folder
      write_file $folder/$file
    }
  }

  proc check_property {options plain} {
    variable properties
    if {[dict exists $options -dict]} {
      check_cell [dict get $options -dict] [lindex $plain 0]
      return
    }
    set name [expr {[dict exists $options -name] ? [dict get $options -name] : [lindex $plain 0]}]
    if {$name ni $properties} { error "set_property: unknown property $name" }
    if {$name eq "top"} { variable top [lindex $plain 1] }
    if {![dict exists $options -name] && [llength $plain] != 3} { error "set_property: takes name, value, objects" }
    if {$name eq "STEPS.SYNTH_DESIGN.TCL.PRE" && ![file isfile [lindex $plain 1]]} {
      error "set_property: no file [lindex $plain 1]"
    }
  }

  proc run_synthesis {options} {
    variable clocks
    variable sources
    foreach needed {-top -part} {
      if {![dict exists $options $needed]} { error "synth_design: lacks $needed" }
    }
    if {[dict exists $options -mode] && [dict get $options -mode] ni {default out_of_context}} {
      error "synth_design: -mode is default or out_of_context"
    }
    if {[llength $sources] == 0} { error "synth_design: no sources" }
    if {$clocks == 0} { error "synth_design: no clock constraint" }
    check_memories
  }

  # An IP holds files below its folder alone, and all of a source's memories beside it.
  proc package {options} {
    variable sources
    variable top
    foreach needed {-root_dir -vendor -library -taxonomy} {
      if {![dict exists $options $needed]} { error "ipx::package_project: lacks $needed" }
    }
    if {$top eq ""} { error "ipx::package_project: no top module" }
    set known [lmap source $sources {file tail $source}]
    foreach source $sources {
      if {[file extension $source] ne ".v"} { continue }
      foreach {_ memory} [regexp -all -inline {"([^"]+\.mem)"} [content $source]] {
        if {$memory ni $known} { error "ipx::package_project: $source reads $memory, which is no file of the IP" }
      }
    }
  }

  # The interfaces that the attributes of the top module's ports name.
  proc interfaces {name} {
    variable sources
    variable top
    foreach source $sources {
      if {[file rootname [file tail $source]] ne $top} { continue }
      foreach {_ found} [regexp -all -inline {X_INTERFACE_INFO = "xilinx\.com:\w+:\w+:1\.0 (\w+) \w+"} [content $source]] {
        if {$found eq $name} { return $name }
      }
    }
    return ""
  }

  proc content {file} {
    set channel [open $file]
    set text [read $channel]
    close $channel
    return $text
  }

  proc write_file {path} {
    if {![file isdirectory [file dirname $path]]} { error "no folder [file dirname $path]" }
    close [open $path w]
  }

  proc act {command options plain} {
    variable sources
    variable clocks
    switch $command {
      read_verilog { must_exist $command [lindex $plain 0]; lappend sources {*}[lindex $plain 0] }
      read_mem { must_exist $command [lindex $plain 0] }
      read_xdc { must_exist $command [lindex $plain 0]; uplevel #0 [list source [lindex $plain 0]] }
      create_clock { incr clocks }
      synth_design { run_synthesis $options }
      set_property { check_property $options $plain }
      add_files { must_exist $command [lindex $plain 0]; lappend sources {*}[lindex $plain 0] }
      ipx::package_project { package $options; write_file component.xml }
      ipx::get_bus_interfaces { return [interfaces [lindex $plain 0]] }
      write_checkpoint { write_file [lindex $plain 0] }
      get_timing_paths { return path_0 }
      get_property { return [expr {[lindex $plain 0] eq "PROGRESS" ? "100%" : $::env(STUB_SLACK)}] }
      get_ipdefs { return [list [known_ip [dict get $options -filter]]] }
      create_bd_cell { return [add_cell $options [lindex $plain 0]] }
      get_bd_pins { return [pin $command [lindex $plain 0] 0] }
      get_bd_intf_pins { return [pin $command [lindex $plain 0] 1] }
      connect_bd_net - connect_bd_intf_net { connect $command {*}$plain }
      validate_bd_design { check_connected }
      launch_runs { write_runs }
    }
    if {[string match report_* $command] && [dict exists $options -file]} { write_file [dict get $options -file] }
    return "${command}_object"
  }

  proc call {command arguments} {
    lassign [parse $command $arguments] options plain
    in_order $command
    puts [string trim "$command $arguments"]
    return [act $command $options $plain]
  }
}

if {![info exists env(STUB_SLACK)]} { set env(STUB_SLACK) 1.234 }
namespace eval ipx {}
foreach command [dict keys $stub::legal] {
  proc ::$command {args} "return \[stub::call $command \$args\]"
}
# An interactive tclsh would look for a program of that name.
proc unknown {args} { error "unknown command: [lindex $args 0]" }

if {[catch {source [lindex $argv 0]} message]} {
  puts stderr "stub: $message"
  exit 1
}
