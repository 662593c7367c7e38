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
  }
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

  proc check_property {options plain} {
    variable properties
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
      get_property { return 1.234 }
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
